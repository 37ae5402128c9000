// The least that a relay of calls on `ws` can be: the path names the room, each
// message's JSON is parsed, and the message goes to the others in the room.
// Nothing is kept, and nobody has to say who they are.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const rooms = new Map();
const http = createServer();
const server = new WebSocketServer({ server: http });

server.on('connection', (socket, request) => {
  const name = request.url;
  let room = rooms.get(name);
  if (!room) rooms.set(name, (room = new Set()));
  room.add(socket);
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (typeof message.type !== 'string') return;
    for (const other of room) {
      if (other !== socket) other.send(data, { binary: false });
    }
  });
  socket.on('close', () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(name);
  });
});

http.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
