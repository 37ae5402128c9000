// The least that a relay of calls on Socket.IO can be: the query names the room,
// and a message, which Socket.IO has parsed, goes to the others in the room.
// Nothing is kept, and nobody has to say who they are.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const server = new Server(http);

server.on('connection', (socket) => {
  const { room } = socket.handshake.query;
  socket.join(room);
  socket.on('message', (message) => {
    if (typeof message.type !== 'string') return;
    socket.to(room).emit('message', message);
  });
});

http.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
