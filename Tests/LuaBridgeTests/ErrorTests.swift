import Testing

@testable import LuaBridge

struct ErrorTests {
  @Test func positionIsTheScripts() throws {
    let world = try World()
    #expect(world.message("\n\nt.vector{1}:reshape(3, 3)") == "chunk:3: cannot reshape 1 to 3x3")
    #expect(world.message("return pcall(t.integer, 'x')").hasPrefix("no error: false, \"chunk:1: bad argument #1"))
  }

  @Test func anErrorPassesThroughSwiftUnchanged() throws {
    let world = try World()
    #expect(world.message("t.call(function()\n error('deep') end)") == "chunk:2: deep")
    #expect(world.message("t.call(t.call, function()\n error('deep', 0) end)") == "deep")
    #expect(try world.results("local e = {}; local ok, got = pcall(t.call, function() error(e) end); return ok, rawequal(e, got)") == "false, true")
    #expect(try world.results("return pcall(t.call, error)") == "false, nil")
    #expect(try world.results("return pcall(t.call, error, 7)") == "false, 7")
  }

  @Test func tracebackReachesTheOrigin() throws {
    let world = try World()
    do {
      try world.lua.run("local function origin() error('deep') end\nt.call(function() origin() end)")
      #expect(Bool(false), "no error")
    } catch let error as LuaError {
      #expect(error.message == "chunk:1: deep")
      let traceback = try #require(error.traceback)
      #expect(traceback.contains("in upvalue 'origin'"))
      #expect(traceback.contains("chunk:2: in main chunk"))
    }
  }

  @Test(arguments: [
    ("error({})", "(error object is a table value)"),
    ("error()", "(error object is a nil value)"),
    ("error(12)", "12"),
    ("error(setmetatable({}, {__tostring = function() return 'told' end}))", "told"),
    ("error(setmetatable({}, {__tostring = function() error('worse') end}))", "(error object is a table value)"),
    ("error(t.vector{1})", "Vector[1.0]"),
  ]) func errorObjects(source: String, expected: String) throws {
    let world = try World()
    do {
      try world.lua.run(source)
      #expect(Bool(false), "no error")
    } catch let error as LuaError {
      #expect(error.message == expected)
      #expect(error.value != nil)
    }
  }

  @Test func errorInToString() throws {
    let world = try World()
    let source = "print(setmetatable({}, {__tostring = function() t.integer('x') end}))"
    #expect(world.message(source) == "chunk:1: bad argument #1 to 'integer' (integer expected, got string)")
    #expect(world.message("print(setmetatable({}, {__tostring = function() return {} end}))") == "chunk:1: '__tostring' must return a string")
  }

  /// Lua -> Swift -> Lua -> ... must end in an error, not in a crash.
  @Test func deepRecursionThroughSwift() throws {
    let world = try World()
    #expect(world.message("local function f() return t.call(f) end; f()").contains("stack overflow"))
    #expect(world.message("local function f(n) if n > 0 then return t.call(f, n - 1) end; return 'bottom' end; return f(100)") == "no error: \"bottom\"")
    #expect(world.message("local function f() return coroutine.wrap(function() return t.call(f) end)() end; f()").contains("stack overflow"))
    #expect(world.message("local function f() return 1 + f() end; f()").contains("stack overflow"))
    #expect(try world.results("return t.add(1, 2)") == "3.0")
  }

  @Test func manyResultsAndArguments() throws {
    let world = try World()
    #expect(world.message("return t.echo(table.unpack({}, 1, 900000))").contains("stack overflow"))
    #expect(try world.results("return select('#', t.call(function() return table.unpack({}, 1, 100000) end))") == "100000")
  }

  @Test func coroutinesAcrossSwift() throws {
    let world = try World()
    #expect(try world.results("local c = coroutine.wrap(function() t.call(function() x = 1 end); coroutine.yield(t.add(1, 2)); return 5 end); return c(), c()") == "3.0, 5")
    let source = "return coroutine.resume(coroutine.create(function() t.call(coroutine.yield) end))"
    #expect(try world.results(source) == "false, \"attempt to yield across a C-call boundary\"")
    #expect(world.message("t.call(coroutine.yield)") == "attempt to yield from outside a coroutine")
    #expect(try world.results("return coroutine.wrap(function() return coroutine.isyieldable(), t.call(coroutine.isyieldable) end)()") == "true, false")
  }

  @Test func swiftFunctionsKeptByFinalisersOfADyingState() throws {
    let world = try World()
    try world.lua.run("for i = 1, 50 do local add = t.add; setmetatable({}, {__gc = function() add(1, 2) end}) end")
  }
}
