import Testing

@testable import LuaBridge

struct ObjectTests {
  @Test(arguments: [
    ("local v = t.vector{1, 2}; return v.count, v.first, #v, v[2], v(10)", "2, 1.0, 2, 2.0, 13.0"),
    ("local v = t.vector{1, 2}; v.first = 5; v[2] = 7; return tostring(v)", "\"Vector[5.0, 7.0]\""),
    ("return tostring(t.vector{1} + 2), tostring(2 - t.vector{1}), tostring(t.vector{1} - t.vector{4})", "\"Vector[3.0]\", \"Vector[1.0]\", \"Vector[-3.0]\""),
    ("return t.vector{1} == t.vector{1}, t.vector{1} == t.vector{2}, t.vector{1} == 1", "true, false, false"),
    ("local v = t.vector{1}; return rawequal(v, v:reshape(1, 1)), ({[v] = 'key'})[v:reshape(1, 1)]", "true, \"key\""),
    ("return t.animal('dog'):sound(), t.animal('cat'):sound()", "\"woof\", \"meow\""),
    ("local v = t.vector{1}; return t.same(v) == v, rawequal(t.echo(v), v)", "true, true"),
    ("return getmetatable(t.vector{1})", "false"),
  ]) func uses(source: String, expected: String) throws { #expect(try World().results(source) == expected) }

  @Test(arguments: [
    ("t.vector{1}:reshap(1)", "Vector has no field 'reshap' (did you mean 'reshape'?)"),
    ("t.vector{1}.zzzzzzzz = 1", "Vector has no field 'zzzzzzzz'"),
    ("t.vector{1}.count = 1", "field 'count' of Vector cannot be assigned"),
    ("t.vector{1}.first = 'x'", "bad value for 'first' (number expected, got string)"),
    ("return t.vector{1}[2]", "index 2 out of 1...1"),
    ("return t.vector{1}[{}]", "bad index into Vector (integer expected, got table)"),
    ("t.vector{1}[1] = 'x'", "bad value for an element of Vector (number expected, got string)"),
    ("return t.animal('cat')[1]", "Animal cannot be indexed by a number"),
    ("return t.vector{1} + 'x'", "bad operand #2 of '+' (Vector or number expected, got string)"),
    ("return {} + t.vector{1}", "bad operand #1 of '+' (Vector or number expected, got table)"),
    ("return t.vector{1} + t.vector{1, 2}", "cannot combine 1 with 2"),
    ("t.vector{1}:reshape(3, 3)", "cannot reshape 1 to 3x3"),
    ("t.vector{1}:reshape('x')", "bad argument #1 to 'reshape' (integer expected, got string)"),
    ("t.vector{1}.reshape()", "calling 'reshape' on bad self (Vector expected, got no value)"),
    ("t.vector{1}.reshape(io.stdout, 1, 1)", "calling 'reshape' on bad self (Vector expected, got FILE*)"),
    ("t.vector{1}.reshape(t.animal('cat'), 1, 1)", "calling 'reshape' on bad self (Vector expected, got Animal)"),
    ("t.animal('cat').sound(t.vector{1})", "calling 'sound' on bad self (Animal expected, got Vector)"),
    ("getmetatable(t.vector{1}).__gc()", "attempt to index a boolean value"),
    ("setmetatable(t.vector{1}, {})", "bad argument #1 to 'setmetatable' (table expected, got userdata)"),
  ]) func errors(source: String, expected: String) throws {
    let message = try World().message(source)
    #expect(message == "chunk:1: " + expected || message == "chunk:1: " + expected.replacing("userdata", with: "Vector"))
  }

  @Test func closingReleasesAtOnce() throws {
    let world = try World()
    #expect(try world.results("local kept; do local v <close> = t.vector{1}; kept = v end; saved = kept") == "")
    #expect(world.census.alive == 0)
    #expect(world.message("return saved:sum()") == "chunk:1: calling 'sum' on bad self (Vector expected, got a closed Vector)")
    #expect(world.message("return saved.sun") == "chunk:1: this Vector is closed")
    #expect(world.message("return t.vector{1} + saved") == "chunk:1: bad operand #2 of '+' (Vector or number expected, got a closed Vector)")
    #expect(world.message("return tostring(saved)") == "chunk:1: Vector expected, got a closed Vector")
    try world.lua.run("do local d <close> = t.animal('dog') end")
    #expect(world.lastDog?.closed == true)
  }

  @Test func aClosedObjectThatIsPushedAgainIsAlive() throws {
    let world = try World()
    let vector = Vector([4], world.census)
    try world.lua.setGlobal("v", vector)
    #expect(try world.results("do local w <close> = v end; return pcall(t.same, v)") != "")
    try world.lua.setGlobal("w", vector)
    #expect(try world.results("return w:sum(), rawequal(v, w)") == "4.0, false")
  }

  @Test func resurrectedObjectsGiveErrors() throws {
    let world = try World()
    try world.lua.run("""
      do
        local v = t.vector{1}
        setmetatable({}, {__gc = function() saved = v end})
      end
      collectgarbage(); collectgarbage()
      """)
    #expect(world.census.alive == 0)
    #expect(world.message("return saved.first") == "chunk:1: calling 'first' on bad self (Vector expected, got a closed Vector)")
  }

  @Test func finalisersMayUseSwiftWhileTheStateCloses() throws {
    let census: Census
    do {
      let world = try World()
      census = world.census
      try world.lua.run("local v = t.vector{1}; keep = setmetatable({}, {__gc = function() v:sum(); t.vector{2} end})")
      #expect(census.alive == 1)
    }
    #expect(census.alive == 0)
  }

  /// Called by hand with a stranger, our finaliser must leave it alone.
  @Test func finaliserIgnoresStrangers() throws {
    let world = try World()
    let source = "local m = debug.getmetatable(t.vector{1}); m.__gc(io.stdout); m.__gc(1); m.__gc(); m.__close(io.stdout); io.stdout:write('')"
    #expect(try world.results(source) == "")
  }

  @Test func errorsLeakNothing() throws {
    let world = try World()
    let sources = [
      "t.vector{1}:reshape(3, 3)", "return t.vector{1} + t.vector{1, 2}", "t.agent{vector = t.vector{1}, taw = 2}",
      "t.call(function(v) error(v) end, t.vector{1})", "t.call(function(v) v:reshape(0, 0) end, t.vector{1})", "t.vector{1}:reshape({}, {})",
    ]
    for source in sources {
      for _ in 0..<1000 { #expect(throws: LuaError.self) { try world.lua.run(source) } }
    }
    try world.lua.run("collectgarbage(); collectgarbage()")
    #expect(world.census.alive == 0)
  }
}
