import CLua

// A table's plain contents as bytes, and back: numbers, strings, booleans, and tables of them, also where one stands in several places or in
// itself. Equal contents give equal bytes.

/// One byte before each value.
enum SnapshotTag: UInt8 {
  case no, yes, integer, number, string, table
  /// A table that has been written before, by its place among them.
  case again
  /// What the caller knows how to write.
  case object
}

extension LuaReference {
  /// The contents of a table that errors call `name`, but for the fields named in `except`. `object` writes Swift objects; nil where it cannot.
  public func snapshot(as name: String, except: Set<String> = [], object: (AnyObject) throws -> [UInt8]?) throws -> [UInt8] {
    try peek { L in
      guard lua_type(L, -1) == LUA_TTABLE else { throw LuaError("\(name) must be a table, got \(LuaBridge.typeName(L, -1))") }
      return try withoutActuallyEscaping(object) { object in
        var writer = SnapshotWriter(L: L, object: object)
        try writer.table(lua_gettop(L), path: name, except: except, depth: 0)
        return writer.bytes
      }
    }
  }
}

private struct SnapshotWriter {
  let L: LuaState
  let object: (AnyObject) throws -> [UInt8]?
  var bytes: [UInt8] = []
  /// Tables by address, in the order in which they were met.
  var known: [UnsafeRawPointer: Int] = [:]

  init(L: LuaState, object: @escaping (AnyObject) throws -> [UInt8]?) { (self.L, self.object) = (L, object) }

  mutating func table(_ index: CInt, path: String, except: Set<String>, depth: Int) throws {
    guard depth < 100 else { throw LuaError("\(path) is nested deeper than 100 tables") }
    try room(L, 8)
    if let address = lua_topointer(L, index) {
      if let place = known[UnsafeRawPointer(address)] { return put(.again, UInt64(place)) }
      known[UnsafeRawPointer(address)] = known.count
    }
    // Lua's own order is another in every process.
    var keys: [[UInt8]] = []
    lua_pushnil(L)
    while lua_next(L, index) != 0 {
      shim_pop(L, 1)
      if !except.isEmpty, let name = string(L, -1), except.contains(name) { continue }
      guard let key = try scalar(lua_gettop(L)) else { throw LuaError("\(path) has a \(typeName(L, -1)) for a key, which cannot be kept") }
      keys.append(key)
    }
    keys.sort { $0.lexicographicallyPrecedes($1) }
    put(.table, UInt64(keys.count))
    put(UInt64(lua_rawlen(L, index)))
    for key in keys {
      bytes += key
      var reader = SnapshotReader(L: L, bytes: key, object: { _ in nil })
      try reader.value(depth: 0)
      let place = try self.place(path, lua_gettop(L))
      lua_rawget(L, index)
      try value(lua_gettop(L), path: place, depth: depth + 1)
      shim_pop(L, 1)
    }
  }

  /// "self.position[2]"
  private func place(_ path: String, _ key: CInt) throws -> String {
    if lua_isinteger(L, key) != 0 { return "\(path)[\(lua_tointegerx(L, key, nil))]" }
    return string(L, key).map { "\(path).\($0)" } ?? "\(path)[...]"
  }

  private mutating func value(_ index: CInt, path: String, depth: Int) throws {
    if let plain = try scalar(index) {
      bytes += plain
      return
    }
    switch lua_type(L, index) {
    case LUA_TTABLE:
      if lua_getmetatable(L, index) != 0 {
        shim_pop(L, 1)
        throw LuaError("\(path) has a metatable, which cannot be kept; get_state and set_state can say what is to be kept")
      }
      try table(index, path: path, except: [], depth: depth)
    default:
      guard let held = swiftObject(L, index), let written = try object(held) else {
        throw LuaError("\(path) is a \(typeName(L, index)), which cannot be kept; get_state and set_state can say what is to be kept")
      }
      put(.object, UInt64(written.count))
      bytes += written
    }
  }

  /// A value that is no table and no object.
  private func scalar(_ index: CInt) throws -> [UInt8]? {
    var writer = SnapshotWriter(L: L, object: object)
    switch lua_type(L, index) {
    case LUA_TBOOLEAN: writer.bytes = [(lua_toboolean(L, index) != 0 ? SnapshotTag.yes : .no).rawValue]
    case LUA_TNUMBER where lua_isinteger(L, index) != 0: writer.put(.integer, UInt64(bitPattern: Int64(lua_tointegerx(L, index, nil))))
    case LUA_TNUMBER: writer.put(.number, lua_tonumberx(L, index, nil).bitPattern)
    case LUA_TSTRING:
      var count = 0
      guard let start = lua_tolstring(L, index, &count) else { return nil }
      writer.put(.string, UInt64(count))
      writer.bytes += UnsafeRawBufferPointer(start: start, count: count)
    default: return nil
    }
    return writer.bytes
  }

  private mutating func put(_ tag: SnapshotTag, _ number: UInt64) {
    bytes.append(tag.rawValue)
    put(number)
  }
  private mutating func put(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
}
