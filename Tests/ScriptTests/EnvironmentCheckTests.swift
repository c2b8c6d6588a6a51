import Environments
import LuaBridge
import Testing

/// dsrl.env.check: environments with one fault each.
@Suite struct EnvironmentCheckTests {
  /// Nothing is wrong with ours.
  @Test(arguments: Environments.ids) func ours(_ id: String) throws {
    let domain = try Domain()
    #expect(try domain.results("return dsrl.env.check('\(id)', {steps = 90})") == "{}")
    try domain.close()
  }

  @Test func scripts() throws {
    let domain = try Domain()
    try domain.lua.run(ownEnvironments)
    #expect(try domain.results("return dsrl.env.check(line), dsrl.env.check(lines), dsrl.env.check(dsrl.env.wrap(line, {num_envs = 3, reward = function(o, a, n) return n[1] - o[1] end}))") == "{}, {}, {}")
    try domain.close()
  }

  @Test(arguments: [
    ("{observation_space = 3}", "of Line-v0 returned an observation of 2 numbers, wanted 3"),
    ("{action_space = 1}", "is not bounded: agents have no range to act in"), ("{action_space = {low = 1, high = 1}}", "the action space has nothing to choose at element 1"),
    ("{observation_space = {low = -0.01, high = 0.01, shape = 2}}", "the first observation leaves the space: "), ("{step = function(self, a) return {11, 0}, 0, false end}", "the observation after step 1 leaves the space: 11.0 at element 1, which is to lie in [-10.0, 10.0]"),
    ("{step = function(self, a) return {0, 0}, 0/0, false end}", "returned -nan for the reward"), ("{step = function(self, a) return {0, 0}, 0, true end}", "every episode ends at its first step"),
    ("{reset = function(self) self.x, self.v = 0, 0 return {math.random(), 0} end}", "the same seed and actions give other results the second time: the first observation has "),
    ("{step = function(self, a) local n = (rawget(_G, 'count') or 0) + 1 rawset(_G, 'count', n) return {0, 0}, n, false end}", "the same seed and actions give other results the second time: the rewards of step 1 are 1.0 and "),
    ("(function() local shared = 0 return {reset = function(self) shared = 0 return {0, 0} end, step = function(self, a) shared = shared + a[1] return {0, 0}, shared, false end} end)()", "two of them are not independent of each other"),
    ("(function() local hidden = setmetatable({}, {__mode = 'k'}) return {reset = function(self) hidden[self] = 0 return {0, 0} end, step = function(self, a) hidden[self] = hidden[self] + 1 return {0, 0}, hidden[self], false end} end)()", "restored, it goes on otherwise than before: the rewards of step 1 are "),
    ("{get_state = function(self) return {x = self.x} end, set_state = function(self, s) self.x = s.x end}", "restored, it goes on otherwise than before"),
    ("{reset = function(self) self.f = print return {0, 0} end, step = function() return {0, 0}, 0, false end}", "it does not tell its state, so that no checkpoint can hold it: self.f is a function"),
    ("{get_state = function(self) return {} end, set_state = function(self, s) error('no') end}", "its own state cannot be restored: "),
    ("{step = function(self) self.n = (self.n or 0) + 1 if self.n == 40 then error('late') end return {0, 0}, 0, false end}", "]:1: late"),
  ]) func faults(_ changes: String, _ wanted: String) throws {
    let domain = try Domain()
    try domain.lua.run(ownEnvironments)
    try domain.lua.setGlobal("changes", changes)
    let found = try domain.results("dsrl.env.define(definition(load('return ' .. changes, 'bad')())) local faults = dsrl.env.check(line) return table.concat(faults, '; '), #faults > 0")
    #expect(found.contains(wanted) && found.hasSuffix("true"), "\(found)")
    try domain.close()
  }

  @Test(arguments: [("dsrl.env.check(3)", "must be an Environment or an id"), ("dsrl.env.check('Hopper')", "there is no environment Hopper"), ("dsrl.env.check(fork, {steps = 0})", "steps wants a number from 1"), ("dsrl.env.check(fork, {stps = 1})", "unknown option 'stps'")])
  func mistakes(_ source: String, _ wanted: String) throws {
    let domain = try Domain()
    let message = domain.message(source)
    #expect(message.contains(wanted), "\(message)")
    try domain.close()
  }
}
