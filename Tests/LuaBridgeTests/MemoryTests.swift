import CMalloc
import Foundation
import Testing

@testable import LuaBridge

/// Four touched megabytes outside Lua's sight.
final class Block: LuaObject, LuaSized {
  static let luaName = "Block"
  let luaByteCount = 4 << 20
  let memory: UnsafeMutableRawPointer
  let census: Census
  init(_ census: Census) {
    self.census = census
    census.born()
    memory = .allocate(byteCount: luaByteCount, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 1, count: luaByteCount)
  }
  deinit {
    memory.deallocate()
    census.alive -= 1
  }
}

/// The most memory this process has had in use, in megabytes (VmHWM).
func peakResidentMegabytes() throws -> Int {
  let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
  let line = try #require(lines.first { $0.hasPrefix("VmHWM:") })
  return try #require(Int(line.filter(\.isNumber))) / 1024
}

struct MemoryTests {
  /// Ideal: 9 blocks, 36 MB. Unless the collector is told, 3000 blocks, 12 GB. In a process of its own, whose peak nothing else raises,
  /// with malloc set as the program sets it: left alone, it keeps freed blocks, whose holes are too small for the next aligned ones.
  @Test func bigObjectsAreCollectedInTime() async {
    await #expect(processExitsWith: .success) {
      mallopt(M_MMAP_THRESHOLD, 4 << 20)
      mallopt(M_TRIM_THRESHOLD, 64 << 20)
      let lua = try Interpreter()
      let census = Census()
      lua.type(Block.self) { _ in }
      lua.module("m") { m in m.function("block", "() -> Block", "4 MB.") { Block(census) } }
      let before = try peakResidentMegabytes()
      try lua.run("local m = require 'm'; local keep = {}; for i = 1, 3000 do keep[i % 8] = m.block() end")
      let peak = try peakResidentMegabytes()
      print("peak: \(census.peak) blocks, \(peak) MB resident, \(before) MB of them before")
      try #require(census.peak < 40)
      try #require(peak > 36 && peak < 200)
    }
  }

  @Test(arguments: [
    "local t = {}; for i = 1, 1e8 do t[i] = {i} end",
    "local s = 'x'; while true do s = s .. s end",
    "local t = {}; for i = 1, 1e8 do t[i] = ('x'):rep(100) .. i end",
    "local keep = {}; for i = 1, 1e8 do keep[i] = t.vector{i} end",
    "local keep = {}; for i = 1, 1e8 do keep[i] = t.grow(1000) end",
    "return t.grow(200000)",
    "t.call(function() local t = {}; for i = 1, 1e8 do t[i] = {i} end end)",
    "coroutine.wrap(function() local t = {}; for i = 1, 1e8 do t[i] = t.echo(('x'):rep(i)) end end)()",
    "local keep = {}; for i = 1, 1e8 do keep[i] = coroutine.wrap(function() t.echo(i) coroutine.yield() end); keep[i]() end",
    "local keep = {}; for i = 1, 1e8 do keep[i] = function() return i end; keep[-i] = t.echo(keep[i]) end",
    "local function f(n) return t.call(function() return f(n + 1), ('x'):rep(1000000) .. n end) end; f(0)",
    "error(select(2, load(function() return 'a = 1 ' end)), 0)",
  ]) func ceiling(source: String) throws {
    let world = try World()
    world.lua.memoryCeiling = 4 << 20
    let source = source.replacing("t[i] = t.echo(", with: "t[i] = _G.t.echo(")
    let results = try world.results("local ok, e = pcall(load[==[\(source)]==]); return ok, e, t.add(1, 2)")
    let overflow = results.contains("stack overflow") && source.contains("f(n + 1)")
    #expect(results == "false, \"not enough memory\", 3.0" || overflow, "\(results)")
    #expect(world.message(source).contains("not enough memory") || overflow)
    #expect(world.lua.memoryUsed < 40 << 20)
    try world.lua.run("collectgarbage(); collectgarbage()")
    #expect(world.census.alive == 0)
    #expect(world.lua.memoryUsed < 2 << 20)
  }

  @Test func messagesSurviveAFullState() throws {
    let world = try World()
    world.lua.memoryCeiling = world.lua.memoryUsed + 200_000
    for _ in 0..<200 {
      #expect(world.message("local keep = {}; for i = 1, 1e8 do keep[i] = {}; if i % 100 == 0 then pcall(t.integer, 'x') end end").contains("not enough memory"))
    }
    world.lua.memoryCeiling = 0
    #expect(try world.results("return #t.grow(100000)") == "100000")
  }

  /// Where Lua's stack is full it cannot call __gc, and frees the userdata all the same.
  @Test(arguments: [
    "local function f(i) t.vector{i}; if not pcall(f, i + 1) then collectgarbage() end end; f(1)",
    "local function f(i) t.vector{i}; if not pcall(f, i + 1) then collectgarbage() end end; coroutine.wrap(f)(1)",
  ]) func objectsThatLuaCouldNotFinalise(source: String) throws {
    let world = try World()
    try world.lua.run("collectgarbage()")
    let before = world.lua.objectCount
    for _ in 0..<5 { #expect(world.message(source) == "no error: ") }
    for _ in 0..<2 { try world.lua.run("collectgarbage(); collectgarbage()") }
    _ = try world.results("t.vector{1}")   // orphans are let go of when Lua is entered
    try world.lua.run("collectgarbage(); collectgarbage()")
    #expect(world.census.alive == 0)
    #expect(world.census.peak > 1)
    #expect(world.lua.objectCount == before)
  }

  /// The memory of a slot goes to other blocks of its size, of which Lua writes only a part: in a table's second place, without a key, all that was in
  /// the mark's place stays. Such a block must not be taken for a slot.
  @Test func noMarkStaysBehind() async {
    await #expect(processExitsWith: .success) {
      let world = try World()
      try world.lua.run(
        """
        for _ = 1, 50 do
          for i = 1, 200 do t.vector{i} end
          collectgarbage() collectgarbage()
          local keep = {}
          for i = 1, 600 do keep[i] = {a = 1, b = nil} end
          keep = nil
          collectgarbage() collectgarbage()
          t.vector{1}
        end
        """)
    }
  }
}
