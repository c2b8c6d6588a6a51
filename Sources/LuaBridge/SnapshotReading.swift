import CLua

extension LuaReference {
  /// Makes a table's contents those of a snapshot; the fields named in `except` stay. `object` reads what its counterpart wrote. Of a damaged
  /// snapshot, which throws, a part may be there already.
  public func restore(_ bytes: [UInt8], except: Set<String> = [], object: ([UInt8]) throws -> (any LuaObject)?) throws {
    try peek { L in
      guard lua_type(L, -1) == LUA_TTABLE else { throw LuaError("a table expected, got \(LuaBridge.typeName(L, -1))") }
      let table = lua_gettop(L)
      lua_pushnil(L)
      while lua_next(L, table) != 0 {
        shim_pop(L, 1)
        if let name = string(L, -1), except.contains(name) { continue }
        lua_pushvalue(L, -1)
        lua_pushnil(L)
        lua_rawset(L, table)
      }
      try withoutActuallyEscaping(object) { object in
        var reader = SnapshotReader(L: L, bytes: bytes, root: self, object: object)
        try reader.value(depth: 0)
        guard reader.isAtEnd, lua_rawequal(L, -1, table) != 0 else { throw SnapshotReader.damaged }
      }
    }
  }
}

/// Pushes what a snapshot holds; its first table is `root`, where there is one.
struct SnapshotReader {
  let L: LuaState
  let bytes: [UInt8]
  let root: LuaReference?
  let object: ([UInt8]) throws -> (any LuaObject)?
  private var next = 0
  /// The tables that have been begun.
  private var tables: [LuaReference] = []

  init(L: LuaState, bytes: [UInt8], root: LuaReference? = nil, object: @escaping ([UInt8]) throws -> (any LuaObject)?) {
    (self.L, self.bytes, self.root, self.object) = (L, bytes, root, object)
  }

  static let damaged = LuaError("this state is damaged")
  var isAtEnd: Bool { next == bytes.count }

  mutating func value(depth: Int) throws {
    try room(L, 8)
    guard next < bytes.count, depth < 200, let tag = SnapshotTag(rawValue: bytes[next]) else { throw SnapshotReader.damaged }
    next += 1
    switch tag {
    case .no: lua_pushboolean(L, 0)
    case .yes: lua_pushboolean(L, 1)
    case .integer: lua_pushinteger(L, lua_Integer(Int64(bitPattern: try number())))
    case .number: lua_pushnumber(L, Double(bitPattern: try number()))
    case .string:
      let text = try take(number())
      text.withUnsafeBytes { raw in
        _ = lua_pushlstring(L, raw.bindMemory(to: CChar.self).baseAddress, raw.count)
      }
    case .table: try table(depth)
    case .again:
      let place = try number()
      guard place < tables.count else { throw SnapshotReader.damaged }
      try tables[Int(place)].push(L)
    case .object:
      let written = Array(try take(number()))
      guard let object = try object(written) else { throw SnapshotReader.damaged }
      try object.push(L)
    }
  }

  private mutating func table(_ depth: Int) throws {
    let (count, length) = (try number(), try number())
    guard count <= bytes.count, length <= count else { throw SnapshotReader.damaged }
    if let root, tables.isEmpty { try root.push(L) } else { lua_createtable(L, CInt(clamping: length), CInt(clamping: count - length)) }
    lua_pushvalue(L, -1)
    tables.append(LuaReference(popping: L))
    let table = lua_gettop(L)
    for _ in 0..<count {
      try value(depth: depth + 1)
      // What no table can have for a key would raise an error over these frames.
      let isNumber = lua_type(L, -1) == LUA_TNUMBER
      guard [LUA_TSTRING, LUA_TBOOLEAN].contains(lua_type(L, -1)) || (isNumber && !lua_tonumberx(L, -1, nil).isNaN) else { throw SnapshotReader.damaged }
      try value(depth: depth + 1)
      lua_rawset(L, table)
    }
  }

  private mutating func number() throws -> UInt64 {
    let eight = try take(8)
    return eight.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }

  private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - next else { throw SnapshotReader.damaged }
    defer { next += Int(count) }
    return bytes[next..<next + Int(count)]
  }
}
