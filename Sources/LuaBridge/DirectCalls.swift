import CLua

// Calls of a Lua function at every step of something: numbers go straight onto Lua's stack and come straight from it.

extension LuaFunction {
  /// Calls it: `push` leaves `count` arguments, `read` sees `results` results, nil where the function returned fewer.
  public func call<R>(
    arguments count: Int, results: Int, push: (DirectArguments) throws -> Void, read: (DirectResults) throws -> R
  ) throws -> R {
    let lua = try reference.interpreter()
    let L = lua.L
    lua.released.drain(L)
    lua.releaseOrphans()
    let base = lua_gettop(L)
    try room(L, count + results + 12)
    defer { lua_settop(L, base) }
    try self.push(L)
    try push(DirectArguments(L: L))
    precondition(lua_gettop(L) == base + 1 + CInt(count), "wrong count of arguments")
    guard shim_pcall(L, CInt(count), CInt(results)) == LUA_OK else { throw lua.takeError(L) }
    return try read(DirectResults(L: L, base: base))
  }

  /// How many arguments it looks at; without end for one that takes any.
  public var parameterCount: Int {
    get throws { try reference.peek { L in Int(shim_parameters(L)) } }
  }

  /// "script:line" of its definition; "[C]" for a function that is not written in Lua.
  public var origin: String {
    get throws {
      try reference.peek { L in
        shim_origin(L)
        return string(L, -1) ?? ""
      }
    }
  }
}

extension Interpreter {
  /// Keeps a value of this interpreter alive by identity.
  public func reference(to value: some ToLua) throws -> LuaReference {
    let L = L
    try room(L, 6)
    try value.push(L)
    return LuaReference(popping: L)
  }
}

extension LuaReference {
  /// A new empty table in this value's interpreter.
  public func newTable() throws -> LuaReference { try interpreter().reference(to: LuaTable()) }
}

/// Where a direct call's arguments go, one after the other.
public struct DirectArguments {
  let L: LuaState

  public func push(_ value: some ToLua) throws { try value.push(L) }
  public func push(_ value: Double) { lua_pushnumber(L, value) }
  public func push(_ value: Bool) { lua_pushboolean(L, value ? 1 : 0) }

  /// A new list of these numbers.
  public func push(list numbers: [Double]) {
    lua_createtable(L, CInt(clamping: numbers.count), 0)
    for index in numbers.indices {
      lua_pushnumber(L, numbers[index])
      lua_rawseti(L, -2, lua_Integer(index + 1))
    }
  }

  /// A new list of indices, which count from 1 in Lua and from 0 here.
  public func push(indices: [Int]) {
    lua_createtable(L, CInt(clamping: indices.count), 0)
    for (place, index) in indices.enumerated() {
      lua_pushinteger(L, lua_Integer(index + 1))
      lua_rawseti(L, -2, lua_Integer(place + 1))
    }
  }
}

/// A direct call's results, from 0.
public struct DirectResults {
  let L: LuaState
  let base: CInt

  private func place(_ index: Int) -> CInt { base + 1 + CInt(index) }

  public func isNil(_ index: Int) -> Bool { lua_type(L, place(index)) <= LUA_TNIL }
  /// nil for anything but a number.
  public func number(_ index: Int) -> Double? {
    lua_type(L, place(index)) == LUA_TNUMBER ? lua_tonumberx(L, place(index), nil) : nil
  }
  /// nil for anything but a boolean.
  public func flag(_ index: Int) -> Bool? {
    lua_type(L, place(index)) == LUA_TBOOLEAN ? lua_toboolean(L, place(index)) != 0 : nil
  }
  /// The booleans of a list; nil for anything else.
  public func flags(_ index: Int) -> [Bool]? {
    let table = place(index)
    guard lua_type(L, table) == LUA_TTABLE else { return nil }
    var flags: [Bool] = []
    for element in 0..<Int(lua_rawlen(L, table)) {
      defer { shim_pop(L, 1) }
      guard lua_rawgeti(L, table, lua_Integer(element + 1)) == LUA_TBOOLEAN else { return nil }
      flags.append(lua_toboolean(L, -1) != 0)
    }
    return flags
  }
  /// The Swift object that it is; nil for other values.
  public func object(_ index: Int) -> AnyObject? { swiftObject(L, place(index)) }
  /// A copy.
  public func value(_ index: Int) throws -> LuaValue { try LuaValue.read(L, at: place(index)) }
  public func read<T: FromLua>(_ type: T.Type, _ index: Int) throws -> T { try T.read(L, at: place(index)) }
  /// How an error names it: "a string", "Tensor".
  public func typeName(_ index: Int) -> String { LuaBridge.typeName(L, place(index)) }

  /// What is wrong with a list of numbers.
  public enum ListFault: Error {
    case noList
    case count(Int)
    /// The element, from 1, and what stands there.
    case element(Int, String)
  }

  /// The numbers of a list, as many as wanted; throws a ListFault.
  public func numbers(_ index: Int, count: Int) throws -> [Double] {
    let table = place(index)
    guard lua_type(L, table) == LUA_TTABLE else { throw ListFault.noList }
    let found = Int(lua_rawlen(L, table))
    guard found == count else { throw ListFault.count(found) }
    return try [Double](unsafeUninitializedCapacity: count) { buffer, filled in
      for element in 0..<count {
        let type = lua_rawgeti(L, table, lua_Integer(element + 1))
        guard type == LUA_TNUMBER else {
          let name = LuaBridge.typeName(L, -1)
          shim_pop(L, 1)
          throw ListFault.element(element + 1, "a \(name)")
        }
        buffer[element] = lua_tonumberx(L, -1, nil)
        shim_pop(L, 1)
        filled = element + 1
      }
    }
  }

  /// The numbers of a table by name, true as 1 and false as 0, in the order of the names; throws for another key or value.
  public func namedNumbers(_ index: Int) throws -> [(name: String, value: Double)] {
    let table = place(index)
    guard lua_type(L, table) == LUA_TTABLE else { throw LuaError("a table of numbers by name expected, got \(typeName(index))") }
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }
    var fields: [(name: String, value: Double)] = []
    lua_pushnil(L)
    while lua_next(L, table) != 0 {
      guard let name = string(L, -2) else { throw LuaError("a table of numbers by name expected, got a \(LuaBridge.typeName(L, -2)) for a name") }
      switch lua_type(L, -1) {
      case LUA_TNUMBER: fields.append((name, lua_tonumberx(L, -1, nil)))
      case LUA_TBOOLEAN: fields.append((name, Double(lua_toboolean(L, -1))))
      default: throw LuaError("'\(name)' must be a number or a boolean, got a \(LuaBridge.typeName(L, -1))")
      }
      shim_pop(L, 1)
    }
    return fields.sorted { $0.name < $1.name }
  }
}
