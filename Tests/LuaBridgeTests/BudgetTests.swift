import Foundation
import Testing

@testable import LuaBridge

struct BudgetTests {
  @Test(arguments: InterruptTests.loops + ["coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()", "local function f() f() return 1 end while true do pcall(f) end"])
  func endsWhateverRuns(source: String) throws {
    let world = try World()
    try world.lua.run("kept = 42")
    world.lua.limitInstructions(300_000)
    #expect(world.message(source).hasSuffix("instruction budget used up"), "\(source)")
    #expect(world.lua.instructionsAreSpent)
    #expect(world.message("while true do end").hasSuffix("instruction budget used up"), "it is sticky")
    world.lua.limitInstructions(1_000_000)
    world.lua.clearInterrupt()
    #expect(try world.results("return kept") == "42")
  }

  /// The same work, counted: a loop of n rounds takes about 2 n instructions, in coroutines too.
  @Test(arguments: [("for i = 1, N do local x = i end", 2.0), ("coroutine.wrap(function() for i = 1, N do local x = i end end)()", 2.0), ("local t = {} for i = 1, N do t[i] = i end", 2.0)])
  func counts(_ source: String, _ each: Double) throws {
    let world = try World()
    func fits(_ rounds: Int) -> Bool {
      world.lua.limitInstructions(1_000_000)
      world.lua.clearInterrupt()
      return world.message(source.replacing("N", with: "\(rounds)")).hasPrefix("no error")
    }
    #expect(fits(Int(0.9e6 / each)))
    #expect(!fits(Int(1.1e6 / each)))
  }

  /// Ctrl-C and its clearing leave the budget in place.
  @Test func outlivesAnInterrupt() throws {
    let world = try World()
    world.lua.limitInstructions(1_000_000)
    world.lua.interrupt()
    #expect(world.message("while true do end") == "interrupted!")
    world.lua.clearInterrupt()
    #expect(try world.results("return 1 + 1") == "2")
    #expect(world.message("while true do end").hasSuffix("instruction budget used up"))
  }
}

struct AllocationFailureTests {
  /// Memory ends at every place in turn: a ceiling that grows from nothing in small steps. Where the work catches its errors it may end well
  /// before it fits.
  @Test(arguments: [
    "return #t.vector{1, 2, 3}", "return t.text(('abc'):rep(50))", "return t.echo(1, 'x', {1}, t.vector{1})", "return t.map{a = 1, b = 2}", "return t.call(function(...) return ... end, 1, {2})",
    "return t.integer(#{1, 2, 3})", "return pcall(t.train, {tau = 1, wrong = 2})", "return t.train{tau = 0.5, critic = {ensemble = 3}, hidden = {1, 2}}",
    "return coroutine.wrap(function() coroutine.yield(t.vector{1}) end)()", "local v <close> = t.vector{1} return tostring(v)", "return t.grow(20)",
    "return pcall(function() local v = t.vector{1, 2} return v.nothing end)", "return assert(load('return 1 + ' .. ('1 + '):rep(50) .. '1'))()", "return require 't'.same({})",
    "return t.animal('dog'):sound()", "return setmetatable({}, {__gc = function() t.vector{1} end})", "return pcall(error, {t.vector{1}})",
  ]) func everywhere(source: String) throws {
    let world = try World()
    let chunk = try world.lua.load(source)
    let collect = try world.lua.load("collectgarbage() collectgarbage()")
    try chunk.call()
    var (failures, failedLast) = (0, true)
    for step in 0..<800 {
      try collect.call()
      world.lua.memoryCeiling = world.lua.memoryUsed + 16 * step
      do {
        try chunk.call()
        failedLast = false
      } catch {
        #expect("\(error)".contains("not enough memory") || "\(error)".contains("error in error handling"), "\(source): \(error)")
        (failures, failedLast) = (failures + 1, true)
      }
      world.lua.memoryCeiling = 0
    }
    #expect(failures > 0 && !failedLast, "\(source) failed \(failures) times")
    try world.lua.run("collectgarbage() collectgarbage() collectgarbage()")
    #expect(world.census.alive == 0, "\(source)")
  }

  /// What Swift holds counts too, and is given back before there is an error.
  @Test func outsideMemoryCounts() throws {
    let world = try World()
    world.lua.count { outsideBytes }
    world.lua.memoryCeiling = world.lua.memoryUsed + (10 << 20)
    #expect(try world.results("return t.add(1, 2)") == "3.0")
    outsideBytes = 20 << 20
    #expect(world.message("return t.add(1, 2)").contains("not enough memory"))
    #expect(world.message("return ('x'):rep(100000)").contains("not enough memory"))
    outsideBytes = 0
    #expect(try world.results("return t.add(1, 2)") == "3.0")
  }
}

nonisolated(unsafe) private var outsideBytes = 0
