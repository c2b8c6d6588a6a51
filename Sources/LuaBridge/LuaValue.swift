import CLua

/// A Lua value copied out of the stack; tables by their contents.
public enum LuaValue: FromLua, ToLua {
  case null, bool(Bool), int(Int), number(Double), string(String), table(LuaTable)
  /// A Swift object that Lua held.
  case object(AnyObject)
  case function(LuaFunction)
  /// Coroutines, the objects of other libraries, and tables that are one of our types.
  case other(LuaReference)

  public static var luaExpectation: String { "value" }
  public static func read(_ L: LuaState, at index: CInt) throws -> LuaValue {
    try read(L, at: index, depth: LuaTable.deepest)
  }

  static func read(_ L: LuaState, at index: CInt, depth: Int) throws -> LuaValue {
    switch lua_type(L, index) {
    case LUA_TNONE, LUA_TNIL: .null
    case LUA_TBOOLEAN: .bool(lua_toboolean(L, index) != 0)
    case LUA_TNUMBER where lua_isinteger(L, index) != 0: .int(Int(lua_tointegerx(L, index, nil)))
    case LUA_TNUMBER: .number(lua_tonumberx(L, index, nil))
    case LUA_TSTRING: .string(try String.read(L, at: index))
    case LUA_TTABLE where isTypedTable(L, index): .other(try LuaReference.read(L, at: index))
    case LUA_TTABLE: .table(try LuaTable.read(L, at: index, depth: depth))
    case LUA_TFUNCTION: .function(try LuaFunction.read(L, at: index))
    case LUA_TUSERDATA: try swiftObject(L, index).map(LuaValue.object) ?? .other(LuaReference.read(L, at: index))
    default: .other(try LuaReference.read(L, at: index))
    }
  }

  public func push(_ L: LuaState) throws {
    switch self {
    case .null: lua_pushnil(L)
    case .bool(let x): x.push(L)
    case .int(let x): x.push(L)
    case .number(let x): x.push(L)
    case .string(let x): x.push(L)
    case .table(let x): try x.push(L)
    case .function(let x): try x.push(L)
    case .other(let x): try x.push(L)
    case .object(let x):
      guard let object = x as? any LuaObject else { throw LuaError("\(type(of: x)) has no place in Lua") }
      try object.push(L)
    }
  }

  /// For error messages: "string 'x'", "number 2.5", "Tensor".
  public var brief: String {
    switch self {
    case .null: "nil"
    case .bool(let x): "boolean \(x)"
    case .int(let x): "number \(x)"
    case .number(let x): "number \(x)"
    case .string(let x): "string '\(x)'"
    case .table(let x): x.names.isEmpty && !x.list.isEmpty ? "a list" : "a table"
    case .function: "a function"
    case .object(let x): (x as? any LuaObject).map { article(type(of: $0).luaName) } ?? article("\(type(of: x))")
    case .other: "an object"
    }
  }
}

extension LuaValue: CustomStringConvertible {
  /// As a script would write it.
  public var description: String {
    switch self {
    case .null: "nil"
    case .bool(let x): "\(x)"
    case .int(let x): "\(x)"
    case .number(let x): x.isNaN ? "0/0" : x.isInfinite ? (x > 0 ? "math.huge" : "-math.huge") : "\(x)"
    case .string(let x): "\"\(x)\""
    case .table(let x): x.description
    case .function: "function"
    case .object(let x): "\(x)"
    case .other: "object"
    }
  }
}

extension LuaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: LuaValue...) { self = .table(LuaTable(list: elements)) }
  public init(dictionaryLiteral elements: (String, LuaValue)...) { self = .table(LuaTable(elements)) }
}
