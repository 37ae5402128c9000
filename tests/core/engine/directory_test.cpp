// What is recorded of the roles of people who are called.

#include <gmock/gmock.h>

#include <map>

#include "core/engine/fixture.hpp"

namespace callstate::engine {
namespace {

using call::KnownRole;
using call::Role;
using testing::ElementsAre;
using testing::IsEmpty;

/// Remembers, and is asked for nothing else.
class Memory final : public Directory {
 public:
  std::optional<Profile> cached(const call::UserId&) override { return std::nullopt; }
  std::optional<Profile> remembered(const call::UserId& user) override {
    const auto found = people.find(std::string(user.view()));
    return found == people.end() ? std::nullopt : std::optional(found->second);
  }
  void look_up(const call::UserId&, Callback) override { ADD_FAILURE() << "nobody may wait"; }

  std::map<std::string, Profile> people;
};

class CalleeRoles : public SequencerTest {
 protected:
  CalleeRoles() {
    directory = &memory;
    boot();
  }
  void knows(std::string_view who, Role role, std::string_view of = "acme") {
    memory.people[std::string(who)] = {tenant(of), role, {}};
  }
  template <class Payload>
  static Payload told(const std::vector<Effect>& effects) {
    for (const auto& publish : only<Publish>(effects)) {
      if (const auto* found = std::get_if<Payload>(&publish.event.record.payload)) return *found;
    }
    ADD_FAILURE() << "it was not published";
    return {};
  }

  Memory memory;
};

TEST_F(CalleeRoles, AreThoseOfTheDirectorysMemory) {
  knows("bob", Role::portal_customer);
  knows("carol", Role::crm_user);
  open(1, "alice");
  const auto started = told<call::CallStarted>(start_call(1, "r", {"bob", "carol", "dora"}));
  EXPECT_THAT(started.callee_roles, ElementsAre(KnownRole(Role::portal_customer),
                                                KnownRole(Role::crm_user), std::nullopt));
  EXPECT_EQ(started.caller_role, std::nullopt) << "it acts itself: the record's actor says it";
}

TEST_F(CalleeRoles, AreThoseOfTheirSessionsFirst) {
  knows("bob", Role::crm_user);
  open(1, "alice");
  submit(opening(2, "bob", "phone", Role::portal_customer));
  EXPECT_THAT(told<call::CallStarted>(start_call(1, "r", {"bob"})).callee_roles,
              ElementsAre(KnownRole(Role::portal_customer)));
}

TEST_F(CalleeRoles, AreNotThoseOfAnotherTenantsPeopleOrOfWhoIsNoPerson) {
  knows("bob", Role::crm_user, "globex");
  knows("carol", Role::auditor);
  knows("dora", Role::service);
  open(1, "alice");
  EXPECT_THAT(told<call::CallStarted>(start_call(1, "r", {"bob", "carol", "dora"})).callee_roles,
              IsEmpty());
}

TEST_F(CalleeRoles, AreSaidOfThoseWhoAreInvitedToo) {
  knows("carol", Role::portal_customer);
  open(1, "alice");
  open(2, "bob");
  start_call(1, "r", {"bob"});
  send(2, "r", call::Accept{});
  const auto invited =
      told<call::Invited>(send(1, "r", call::Invite{{user("bob"), user("carol")}}));
  EXPECT_THAT(invited.callees, ElementsAre(user("carol")));
  EXPECT_THAT(invited.callee_roles, ElementsAre(KnownRole(Role::portal_customer)));
}

TEST_F(CalleeRoles, AndTheCallersWhereAServiceStartsForIt) {
  knows("alice", Role::portal_customer);
  submit(opening(1, "crm", "back end", Role::service));
  auto start = message(1, "r", call::StartCall{{user("bob")}, {}, {}, {}});
  start.message.sender = user("alice");
  const auto started = told<call::CallStarted>(submit(std::move(start)));
  EXPECT_EQ(started.caller, user("alice"));
  EXPECT_EQ(started.caller_role, KnownRole(Role::portal_customer));
}

TEST_F(CalleeRoles, AreNotKnownWithoutADirectoryOrASession) {
  crash();
  directory = nullptr;
  boot();
  open(1, "alice");
  EXPECT_THAT(told<call::CallStarted>(start_call(1, "r", {"bob"})).callee_roles, IsEmpty());
}

}  // namespace
}  // namespace callstate::engine
