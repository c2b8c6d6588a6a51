import Foundation
import Testing

@testable import LuaBridge

/// Sends SIGINT to this thread after a while; ends the process if that did not help.
private func interruptSoon(_ body: () -> Void) {
  let here = pthread_self()
  let done = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    usleep(50_000)
    pthread_kill(here, SIGINT)
    if done.wait(timeout: .now() + 20) == .timedOut { fatalError("not interrupted") }
  }
  body()
  done.signal()
}

@Suite(.serialized) struct InterruptTests {
  static let loops = [
    "x = 1 while true do end",
    "coroutine.wrap(function() while true do end end)()",
    "while true do pcall(function() while true do end end) end",
    "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
    "while true do local co = coroutine.create(function() while true do end end) coroutine.resume(co) end",
    "while true do t.add(1, 2) end",
    "while true do pcall(t.call, function() while true do end end) end",
    "while true do xpcall(function() while true do end end, function(e) return e end) end",
    "while true do xpcall(function() while true do end end, function(e) while true do end end) end",
    "coroutine.wrap(function() local v <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)()",
    "while true do local c = coroutine.wrap(function() local v <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end) pcall(c) end",
    "local c = coroutine.wrap(function() t.call(function() while true do end end) end) c()",
  ]

  @Test(arguments: loops) func signalStops(source: String) throws {
    let world = try World()
    try world.lua.listen(to: SIGINT)
    try world.lua.run("kept = 42")
    var message = ""
    let start = ContinuousClock.now
    interruptSoon { message = world.message(source) }
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(message == "interrupted!")
    #expect(world.lua.isInterrupted)
    #expect(world.message("while true do end") == "interrupted!", "it is sticky")
    world.lua.clearInterrupt()
    #expect(try world.results("local n = 0; for i = 1, 1000 do n = n + i end; return n, kept") == "500500, 42")
  }

  @Test func suspendedCoroutinesRunAgainAfterwards() throws {
    let world = try World()
    try world.lua.listen(to: SIGINT)
    try world.lua.run("co = coroutine.wrap(function() while true do coroutine.yield(1) end end)")
    interruptSoon { _ = world.message("while true do co() end") }
    world.lua.clearInterrupt()
    // The signal came inside the coroutine or outside; either way the next ones are sound.
    #expect(try world.results("local c = coroutine.wrap(function() coroutine.yield(7) return 8 end); return c(), c()") == "7, 8")
  }

  @Test func swiftLoopsPoll() throws {
    let world = try World()
    try world.lua.listen(to: SIGINT)
    world.lua.module("s") { m in
      m.function("spin", "()", "For ever.") { [unowned world] () throws -> Void in while true { try world.lua.checkInterrupt() } }
    }
    interruptSoon { #expect(world.message("require('s').spin()") == "interrupted!") }
  }
}

/// The replaced coroutine functions against what lua 5.4's own say (recorded from its interpreter).
struct CoroutineTests {
  @Test(arguments: [
    ("return coroutine.resume(coroutine.create(function(...) return ... end), 1, nil, 3)", "true, 1, nil, 3"),
    ("local c = coroutine.create(function() error('x') end); return coroutine.resume(c)", "false, \"chunk:1: x\""),
    ("local c = coroutine.create(function() end); coroutine.resume(c); return coroutine.resume(c)", "false, \"cannot resume dead coroutine\""),
    ("return coroutine.resume(coroutine.running())", "false, \"cannot resume non-suspended coroutine\""),
    ("return pcall(coroutine.resume, 1)", "false, \"bad argument #1 to 'coroutine.resume' (thread expected, got number)\""),
    ("return pcall(coroutine.wrap, 1)", "false, \"bad argument #1 to 'coroutine.wrap' (function expected, got number)\""),
    ("return pcall(coroutine.wrap(function() error('x') end))", "false, \"chunk:1: x\""),
    ("local e = {}; local ok, got = pcall(coroutine.wrap(function() error(e) end)); return ok, got == e", "false, true"),
    ("local c = coroutine.wrap(function() end); c(); return pcall(c)", "false, \"cannot resume dead coroutine\""),
    ("local c = coroutine.wrap(function() end); c(); local ok, e = pcall(function() c() end); return e", "\"chunk:1: cannot resume dead coroutine\""),
    ("local c = coroutine.wrap(function(a) local b = coroutine.yield(a + 1); return b * 2 end); return c(1), c(5)", "2, 10"),
    ("local c = coroutine.create(function() local v <close> = setmetatable({}, {__close = function() closed = 1 end}); coroutine.yield() end) coroutine.resume(c); return coroutine.close(c), closed, coroutine.status(c)", "true, 1, \"dead\""),
    ("local c = coroutine.create(function() local v <close> = setmetatable({}, {__close = function() error('in close', 0) end}); coroutine.yield() end) coroutine.resume(c); return coroutine.close(c)", "false, \"in close\""),
    ("return pcall(coroutine.close, coroutine.running())", "false, \"cannot close a running coroutine\""),
    ("local closed; local c = coroutine.wrap(function() local v <close> = setmetatable({}, {__close = function(_, e) closed = e end}); error('x', 0) end) local ok, e = pcall(c); return e, closed", "\"x\", \"x\""),
    ("local c = coroutine.wrap(function() local v <close> = setmetatable({}, {__close = function() error('second', 0) end}); error('first', 0) end) local ok, e = pcall(c); return e", "\"second\""),
    ("return select('#', coroutine.wrap(function() return table.unpack({}, 1, 1000) end)())", "1000"),
    ("return xpcall(function() error('x', 0) end, function(e) return e .. '!' end)", "false, \"x!\""),
    ("return xpcall(function(...) return ... end, print, 1, nil, 3)", "true, 1, nil, 3"),
    ("local c = coroutine.wrap(function() return xpcall(function() return coroutine.yield(1) + 1 end, print) end); return c(), c(5)", "1, true, 6"),
    ("return (select(2, xpcall(function() local x = nil + 1 end, debug.traceback))):gsub('\\n.*', '')", "\"chunk:1: attempt to perform arithmetic on a nil value\", 1"),
    ("return pcall(xpcall, print)", "false, \"bad argument #2 to 'xpcall' (function expected, got no value)\""),
    ("local co, main = coroutine.running(); return type(co), main, coroutine.isyieldable()", "\"thread\", true, false"),
  ]) func semantics(source: String, expected: String) throws { #expect(try World().results(source) == expected) }
}
