import Testing

@testable import LuaBridge

struct ConversionTests {
  @Test(arguments: [
    ("return t.add(1, 2.5)", "3.5"),
    ("return t.integer(3.0)", "3"),
    ("return t.text('a\\0b')", "\"a\0b\", 3"),
    ("return t.text('')", "\"\", 0"),
    ("return t.flag(false)", "true"),
    ("return t.maybe(), t.maybe(nil), t.maybe(2)", "nil, nil, 2.0"),
    ("return t.echo(1, nil, 'x', true, 0.5)", "1, nil, \"x\", true, 0.5"),
    ("return t.echo()", ""),
    ("return t.rest(1), t.rest(1, 2, nil)", "0, 2"),
    ("return t.echo{1, 2, b = 3, a = {x = {}}}", "{1, 2, a = {x = {}}, b = 3}"),
    ("return t.map{a = 1, b = 2}.b", "4.0"),
    ("local k = {}; k.k = k; return t.same(k) == k", "true"),
    ("local f = function() end; return t.same(f) == f, t.echo(f) == f", "true, true"),
    ("return t.echo(io.stdout) == io.stdout", "true"),
    ("local c = coroutine.create(print); return t.echo(c) == c", "true"),
    ("return t.call(function(a, b) return b, a end, 1, 2)", "2, 1"),
    ("return t.call(math.max, 3, 9)", "9"),
    ("return select('#', t.call(function() end))", "0"),
    ("return t.vector{1, 2}:range()", "1.0, 2.0"),
    ("local v = t.vector{1, 2}; v:scale(3); return v:sum(), select('#', v:scale(1))", "9.0, 0"),
    ("return #t.grow(5000)", "5000"),
    ("return select('#', t.echo(table.unpack({}, 1, 5000)))", "5000"),
  ]) func values(source: String, expected: String) throws { #expect(try World().results(source) == expected) }

  @Test(arguments: [
    ("t.integer('x')", "bad argument #1 to 'integer' (integer expected, got string)"),
    ("t.integer()", "bad argument #1 to 'integer' (integer expected, got no value)"),
    ("t.integer(2.5)", "bad argument #1 to 'integer' (number has no integer representation)"),
    ("t.integer('3')", "bad argument #1 to 'integer' (integer expected, got string)"),
    ("t.add(1, {})", "bad argument #2 to 'add' (number expected, got table)"),
    ("t.text(5)", "bad argument #1 to 'text' (string expected, got number)"),
    ("t.flag(nil)", "bad argument #1 to 'flag' (boolean expected, got nil)"),
    ("t.call(3)", "bad argument #1 to 'call' (function expected, got number)"),
    ("t.vector{1, 'x'}", "bad argument #1 to 'vector' (element 2: number expected, got string)"),
    ("t.vector(io.stdout)", "bad argument #1 to 'vector' (table expected, got FILE*)"),
    ("t.map{1}", "bad argument #1 to 'map' (a table with names for keys expected, got a number key)"),
    ("t.map{a = 'x'}", "bad argument #1 to 'map' ('a': number expected, got string)"),
    ("local k = {}; k.k = k; t.echo(k)", "bad argument #1 to 'echo' (table nested deeper than 32 levels (does it contain itself?))"),
    ("t.echo{[2.5] = 1}", "bad argument #1 to 'echo' (a table with names or 1, 2, 3... for keys expected, got a number key)"),
    ("t.echo{[7] = 1}", "bad argument #1 to 'echo' (a list without gaps expected, got element 7 but not those before it)"),
  ]) func argumentErrors(source: String, expected: String) throws { #expect(try World().message(source) == "chunk:1: " + expected) }

  @Test func functionsOutliveTheirCallAndNotTheirInterpreter() throws {
    var world: World? = try World()
    let kept = try #require(try world?.lua.run("local n = 0; return function(x) n = n + x; return n end").first)
    guard case .function(let count) = kept else { return #expect(Bool(false)) }
    #expect(try count.call(2).description == "[2]")
    #expect(try count.call(returning: Int.self, "count", 3) == 5)
    #expect(throws: LuaError("bad result of 'count' (string expected, got number)")) {
      try count.call(returning: String.self, "count", 0)
    }
    world = nil
    #expect(throws: LuaError("the Lua interpreter of this value is gone")) { try count.call(1) }
  }

  @Test func referencesThatSwiftLetGoAreCollected() throws {
    let world = try World()
    try world.lua.run("weak = setmetatable({}, {__mode = 'k'}); for i = 1, 100 do local f = function() return i end; weak[f] = 1; t.keep(f) end")
    world.function = nil
    try world.lua.run("t.same(1); collectgarbage()")
    #expect(try world.results("local n = 0; for _ in pairs(weak) do n = n + 1 end; return n") == "0")
  }

  @Test func referencesLookWithoutRunningScripts() throws {
    let world = try World()
    try world.lua.run("trap = setmetatable({a = 1}, {__index = error, __pairs = error, __tostring = function() return 'shown' end})")
    let trap = try world.lua.global("trap")
    #expect(try trap.pairs().map { try $0.key.text() } == ["a"])
    #expect(try trap.text() == "shown")
    #expect(try trap.typeName() == "table")
    #expect(try trap.get("a").value().description == "1")
    #expect(throws: LuaError.self) { try trap.get("b") }
    #expect(try world.lua.global("nothing").typeName() == "nil")
  }

  @Test func orderedNestedTables() throws {
    let world = try World()
    try world.lua.setGlobal("made", LuaTable([("b", 1), ("a", [1, "x"]), ("c", ["d": 2.5])]))
    #expect(try world.results("return made.a[2], made.c.d, made.b") == "\"x\", 2.5, 1")
  }
}
