import CLua

/// What a Swift function can take from Lua.
public protocol FromLua {
  /// How an error names it: "integer expected, got string".
  static var luaExpectation: String { get }
  static func read(_ L: LuaState, at index: CInt) throws -> Self
  /// Whether `read` would succeed; for operators, where a thrown error would cost more than the arithmetic.
  static func accepts(_ L: LuaState, at index: CInt) -> Bool
}

extension FromLua {
  public static func accepts(_ L: LuaState, at index: CInt) -> Bool {
    do { _ = try read(L, at: index) } catch { return false }
    return true
  }
}

/// What a Swift function can give to Lua.
public protocol ToLua {
  /// Pushes exactly one value; the caller has made room for it.
  func push(_ L: LuaState) throws
  /// Pushes everything that counts as a result and returns how many.
  func pushResults(_ L: LuaState) throws -> CInt
}

extension ToLua {
  public func pushResults(_ L: LuaState) throws -> CInt {
    try room(L, 4)
    try push(L)
    return 1
  }
}

extension Double: FromLua, ToLua {
  public static var luaExpectation: String { "number" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Double {
    guard lua_type(L, index) == LUA_TNUMBER else { throw mismatch("number", L, index) }
    return lua_tonumberx(L, index, nil)
  }
  public static func accepts(_ L: LuaState, at index: CInt) -> Bool { lua_type(L, index) == LUA_TNUMBER }
  public func push(_ L: LuaState) { lua_pushnumber(L, self) }
}

extension Float: FromLua, ToLua {
  public static var luaExpectation: String { "number" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Float { Float(try Double.read(L, at: index)) }
  public static func accepts(_ L: LuaState, at index: CInt) -> Bool { lua_type(L, index) == LUA_TNUMBER }
  public func push(_ L: LuaState) { lua_pushnumber(L, Double(self)) }
}

/// A float without a fraction counts as an integer.
extension Int: FromLua, ToLua {
  public static var luaExpectation: String { "integer" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Int {
    guard lua_type(L, index) == LUA_TNUMBER else { throw mismatch("integer", L, index) }
    var isInteger: CInt = 0
    let value = lua_tointegerx(L, index, &isInteger)
    guard isInteger != 0 else { throw LuaError("number has no integer representation") }
    return Int(value)
  }
  public func push(_ L: LuaState) { lua_pushinteger(L, lua_Integer(self)) }
}

extension String: FromLua, ToLua {
  public static var luaExpectation: String { "string" }
  public static func read(_ L: LuaState, at index: CInt) throws -> String {
    guard let text = string(L, index) else { throw mismatch("string", L, index) }
    return text
  }
  public func push(_ L: LuaState) { pushString(L, self) }
}

extension Bool: FromLua, ToLua {
  public static var luaExpectation: String { "boolean" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Bool {
    guard lua_type(L, index) == LUA_TBOOLEAN else { throw mismatch("boolean", L, index) }
    return lua_toboolean(L, index) != 0
  }
  public func push(_ L: LuaState) { lua_pushboolean(L, self ? 1 : 0) }
}

/// nil, or an argument that is not there.
extension Optional: FromLua where Wrapped: FromLua {
  public static var luaExpectation: String { Wrapped.luaExpectation }
  public static func read(_ L: LuaState, at index: CInt) throws -> Wrapped? {
    lua_type(L, index) <= LUA_TNIL ? nil : try Wrapped.read(L, at: index)
  }
}
extension Optional: ToLua where Wrapped: ToLua {
  public func push(_ L: LuaState) throws {
    if let self { try self.push(L) } else { lua_pushnil(L) }
  }
}

extension Array: FromLua where Element: FromLua {
  public static var luaExpectation: String { "table" }
  public static func read(_ L: LuaState, at index: CInt) throws -> [Element] {
    guard lua_type(L, index) == LUA_TTABLE else { throw mismatch("table", L, index) }
    try room(L, 4)
    let table = lua_absindex(L, index)
    let count = Int(lua_rawlen(L, table))
    var elements: [Element] = []
    elements.reserveCapacity(Swift.min(count, 1 << 16))
    for i in 0..<count {
      lua_rawgeti(L, table, lua_Integer(i + 1))
      defer { shim_pop(L, 1) }
      do { elements.append(try Element.read(L, at: lua_gettop(L))) } catch { throw LuaError("element \(i + 1): \(error)") }
    }
    return elements
  }
}
extension Array: ToLua where Element: ToLua {
  public func push(_ L: LuaState) throws {
    try room(L, 4)
    lua_createtable(L, CInt(clamping: count), 0)
    for (i, element) in enumerated() {
      try element.push(L)
      lua_rawseti(L, -2, lua_Integer(i + 1))
    }
  }
}

/// A table of named parts. From Lua: every key must be a string, and a list part is refused.
extension Dictionary: FromLua where Key == String, Value: FromLua {
  public static var luaExpectation: String { "table" }
  public static func read(_ L: LuaState, at index: CInt) throws -> [String: Value] {
    guard lua_type(L, index) == LUA_TTABLE else { throw mismatch("table", L, index) }
    try room(L, 4)
    let table = lua_absindex(L, index)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    var fields: [String: Value] = [:]
    lua_pushnil(L)
    while lua_next(L, table) != 0 {
      guard let name = string(L, -2) else { throw LuaError("a table with names for keys expected, got a \(typeName(L, -2)) key") }
      do { fields[name] = try Value.read(L, at: lua_gettop(L)) } catch { throw LuaError("'\(name)': \(error)") }
      shim_pop(L, 1)
    }
    return fields
  }
}
extension Dictionary: ToLua where Key == String, Value: ToLua {
  public func push(_ L: LuaState) throws {
    try room(L, 4)
    lua_createtable(L, 0, CInt(clamping: count))
    for (name, value) in self {
      try value.push(L)
      setRawField(L, -2, name)
    }
  }
}

/// One of two types, as the operand of `tensor * 2`.
public enum Either<A: FromLua, B: FromLua>: FromLua {
  case first(A), second(B)
  public static var luaExpectation: String { "\(A.luaExpectation) or \(B.luaExpectation)" }
  public static func read(_ L: LuaState, at index: CInt) throws -> Either {
    if A.accepts(L, at: index) { return .first(try A.read(L, at: index)) }
    if B.accepts(L, at: index) { return .second(try B.read(L, at: index)) }
    throw mismatch(luaExpectation, L, index)
  }
}

/// All remaining arguments; as a result, as many results.
public struct LuaRest: FromLua, ToLua {
  public var values: [LuaValue]
  public init(_ values: [LuaValue]) { self.values = values }
  public static var luaExpectation: String { "value" }
  public static func read(_ L: LuaState, at index: CInt) throws -> LuaRest {
    let top = lua_gettop(L)
    guard index <= top else { return LuaRest([]) }
    return LuaRest(try (index...top).map { try LuaValue.read(L, at: $0) })
  }
  public func push(_ L: LuaState) throws { try values.push(L) }
  public func pushResults(_ L: LuaState) throws -> CInt {
    try room(L, values.count + 4)
    for value in values { try value.push(L) }
    return CInt(values.count)
  }
}
