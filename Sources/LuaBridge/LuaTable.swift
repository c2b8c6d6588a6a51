import CLua

/// A table of numbers by name, written straight into Lua: for what a script gets at every step of something.
public struct NamedNumbers: ToLua {
  private let names: [String]
  private let values: [Double]

  /// As many values as names; the names are all different.
  public init(_ names: [String], _ values: [Double]) {
    precondition(names.count == values.count)
    (self.names, self.values) = (names, values)
  }

  public func push(_ L: LuaState) throws {
    try room(L, 4)
    lua_createtable(L, 0, CInt(clamping: names.count))
    for index in names.indices {
      lua_pushnumber(L, values[index])
      setRawField(L, -2, names[index])
    }
  }
}

/// A list of plain values: `[Bool]` and `[Int]` say the same several times slower.
public enum PlainList: ToLua {
  case flags([Bool]), integers([Int])

  public func push(_ L: LuaState) throws {
    try room(L, 4)
    switch self {
    case .flags(let flags):
      lua_createtable(L, CInt(clamping: flags.count), 0)
      for index in flags.indices {
        lua_pushboolean(L, flags[index] ? 1 : 0)
        lua_rawseti(L, -2, lua_Integer(index + 1))
      }
    case .integers(let integers):
      lua_createtable(L, CInt(clamping: integers.count), 0)
      for index in integers.indices {
        lua_pushinteger(L, lua_Integer(integers[index]))
        lua_rawseti(L, -2, lua_Integer(index + 1))
      }
    }
  }
}

/// A table of these values by name; the names are all different.
public struct NamedValues: ToLua {
  private let fields: KeyValuePairs<String, any ToLua>

  public init(_ fields: KeyValuePairs<String, any ToLua>) { self.fields = fields }

  public func push(_ L: LuaState) throws {
    try room(L, 4)
    lua_createtable(L, 0, CInt(clamping: fields.count))
    for (name, value) in fields {
      try value.push(L)
      setRawField(L, -2, name)
    }
  }
}

/// A table's contents: a list part, and named parts in order. As an argument: the braces of `f{ key = value }`.
public struct LuaTable: FromLua, ToLua {
  public var list: [LuaValue] = []
  /// Names of the named parts, in order; alphabetical when they come from Lua, which keeps none.
  public private(set) var names: [String] = []
  private var values: [String: LuaValue] = [:]
  /// Names that `take` has removed; they are valid names all the same.
  var taken: [String] = []

  /// Tables nested deeper than this are refused, which ends the copying of one that contains itself.
  static let deepest = 32

  public init(list: [LuaValue] = []) { self.list = list }
  public init(_ fields: [(String, LuaValue)]) {
    for (name, value) in fields { self[name] = value }
  }

  /// Setting nil removes the part; `.null` keeps the name, which Lua then sees as absent.
  public subscript(name: String) -> LuaValue? {
    get { values[name] }
    set {
      if values[name] == nil, newValue != nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      values[name] = newValue
    }
  }
  public var fields: [(name: String, value: LuaValue)] { names.compactMap { name in values[name].map { (name, $0) } } }
  public var isEmpty: Bool { list.isEmpty && names.isEmpty }

  public static var luaExpectation: String { "table" }
  public static func read(_ L: LuaState, at index: CInt) throws -> LuaTable { try read(L, at: index, depth: deepest) }

  static func read(_ L: LuaState, at index: CInt, depth: Int) throws -> LuaTable {
    guard lua_type(L, index) == LUA_TTABLE else { throw mismatch("table", L, index) }
    guard depth > 0 else { throw LuaError("table nested deeper than \(deepest) levels (does it contain itself?)") }
    try room(L, 6)
    let table = lua_absindex(L, index)
    let top = lua_gettop(L)
    defer { lua_settop(L, top) }

    var result = LuaTable()
    let count = Int(lua_rawlen(L, table))
    result.list.reserveCapacity(Swift.min(count, 1 << 16))
    for i in 0..<count {
      lua_rawgeti(L, table, lua_Integer(i + 1))
      result.list.append(try LuaValue.read(L, at: lua_gettop(L), depth: depth - 1))
      lua_settop(L, top)
    }
    lua_pushnil(L)
    while lua_next(L, table) != 0 {
      if let name = string(L, -2) {
        result.values[name] = try LuaValue.read(L, at: lua_gettop(L), depth: depth - 1)
        result.names.append(name)
      } else if lua_isinteger(L, -2) == 0 {
        throw LuaError("a table with names or 1, 2, 3... for keys expected, got a \(typeName(L, -2)) key")
      } else if !(1...max(1, count)).contains(Int(lua_tointegerx(L, -2, nil))) || count == 0 {
        throw LuaError("a list without gaps expected, got element \(lua_tointegerx(L, -2, nil)) but not those before it")
      }
      shim_pop(L, 1)
    }
    result.names.sort()
    return result
  }

  public func push(_ L: LuaState) throws {
    try room(L, 4)
    lua_createtable(L, CInt(clamping: list.count), CInt(clamping: names.count))
    for (i, value) in list.enumerated() {
      try value.push(L)
      lua_rawseti(L, -2, lua_Integer(i + 1))
    }
    for (name, value) in fields {
      try value.push(L)
      setRawField(L, -2, name)
    }
  }
}

extension LuaTable: CustomStringConvertible {
  public var description: String {
    let parts = list.map(\.description) + fields.map { "\($0.name) = \($0.value)" }
    return "{" + parts.joined(separator: ", ") + "}"
  }
}

// MARK: Named arguments

extension LuaTable {
  /// Removes and returns a named part: a live object (protocols too), a function, a table, or anything Decodable.
  public mutating func take<T>(_ name: String, as type: T.Type = T.self) throws -> T {
    if let value: T = try takeOptional(name) { return value }
    let near = names.nearest(to: name).map { " (is '\($0)' meant?)" } ?? ""
    throw LuaError("missing '\(name)'\(near)")
  }

  /// The same for a part that may be missing.
  public mutating func takeOptional<T>(_ name: String, as type: T.Type = T.self) throws -> T? {
    taken.append(name)
    guard let value = self[name] else { return nil }
    self[name] = nil
    if case .null = value { return nil }
    return try value.cast(T.self, name: name)
  }

  /// Refuses whatever has not been taken.
  public func finish() throws {
    if let name = names.first { throw unknownOption(name, path: [], valid: taken) }
    if !list.isEmpty { throw LuaError("options have names, but element 1 of the table has none") }
  }
}

extension LuaValue {
  func cast<T>(_ type: T.Type, name: String) throws -> T {
    switch self {
    case .object(let object): if let t = object as? T { return t }
    case .function(let function): if let t = function as? T { return t }
    case .table(let table): if let t = table as? T { return t }
    default: break
    }
    if let t = self as? T { return t }
    if let decodable = T.self as? any Decodable.Type,
      let t = try decodable.init(option: self, name: name) as? T
    { return t }
    throw LuaError("'\(name)' must be \(wish(T.self)), got \(brief)")
  }
}

extension Decodable {
  fileprivate init(option value: LuaValue, name: String) throws {
    self = try OptionDecoder.decode(Self.self, value, defaults: nil, path: [name])
  }
}
