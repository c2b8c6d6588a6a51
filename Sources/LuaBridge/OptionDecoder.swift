/// Reads options from a table: an absent key has the default, an unknown one is an error that names the nearest right one.
struct OptionDecoder: Decoder {
  let value: LuaValue
  /// The default in this place, from which absent keys are filled.
  let defaults: Any?
  let path: [String]
  /// Whether the value is the table of the options that hold this group, which know its other names.
  var isGroup = false
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// `value` as a T, with every failure worded for the script's author.
  static func decode<T: Decodable>(_ type: T.Type, _ value: LuaValue, defaults: Any?, path: [String]) throws -> T {
    var defaults = unwrap(defaults)
    if defaults == nil, let options = T.self as? any Options.Type { defaults = options.init() }
    let decoder = OptionDecoder(value: value, defaults: defaults, path: path)
    do { return try scalar(T.self, decoder) ?? T(from: decoder) } catch {
      if !choices(T.self).isEmpty || error is DecodingError { throw decoder.wrong(wish(T.self)) }
      throw error
    }
  }

  /// Numbers, strings and booleans; nil for types that decode themselves.
  private static func scalar<T>(_ type: T.Type, _ decoder: OptionDecoder) throws -> T? {
    let result: Any?
    switch (decoder.value, T.self) {
    case (.bool(let x), is Bool.Type): result = x
    case (.string(let x), is String.Type): result = x
    case (.int(let x), let t as any BinaryInteger.Type): result = t.init(exactly: x)
    case (.number(let x), let t as any BinaryInteger.Type): result = Int(exactly: x).flatMap { t.init(exactly: $0) }
    case (.int(let x), let t as any BinaryFloatingPoint.Type): result = t.init(x)
    case (.number(let x), let t as any BinaryFloatingPoint.Type): result = t.init(x)
    case (_, is Bool.Type), (_, is String.Type), (_, is any BinaryInteger.Type), (_, is any BinaryFloatingPoint.Type): result = nil
    default: return nil
    }
    guard let result = result as? T else { throw decoder.wrong(wish(T.self)) }
    return result
  }

  func wrong(_ wanted: String) -> LuaError {
    let name = path.isEmpty ? "the options" : "'\(path.joined(separator: "."))'"
    return LuaError("\(name) must be \(wanted), got \(value.brief)")
  }

  func container<K: CodingKey>(keyedBy type: K.Type) throws -> KeyedDecodingContainer<K> {
    guard case .table(let table) = value else { throw wrong("a table") }
    if !table.list.isEmpty {
      let place = path.isEmpty ? "the table" : "'\(path.joined(separator: "."))'"
      throw LuaError("options have names, but element 1 of \(place) has none")
    }
    var known: [String: Any] = [:]
    for case let (label?, value) in Mirror(reflecting: defaults ?? ()).children { known[label] = value }
    let valid = properties(of: defaults ?? ()).map { snakeCase($0.label) }
    for name in table.names where !isGroup && !valid.contains(name) {
      let camel = camelCase(name)
      guard K(stringValue: camel) == nil || snakeCase(camel) != name || known[camel] is any OptionGroup else { continue }
      throw unknownOption(name, path: path, valid: valid + table.taken)
    }
    return KeyedDecodingContainer(Keyed<K>(table: table, defaults: known, path: path))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .table(let table) = value, table.names.isEmpty else { throw wrong("a list") }
    return Unkeyed(items: table.list, path: path)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

  struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let table: LuaTable, defaults: [String: Any], path: [String]
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { table.names.compactMap { Key(stringValue: camelCase($0)) } }

    func contains(_ key: Key) -> Bool { table[snakeCase(key.stringValue)] != nil || defaults[key.stringValue] != nil }
    func decodeNil(forKey key: Key) -> Bool {
      table[snakeCase(key.stringValue)] == nil && unwrap(defaults[key.stringValue]) == nil
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      let name = snakeCase(key.stringValue)
      if T.self is any OptionGroup.Type {
        return try T(from: OptionDecoder(value: .table(table), defaults: defaults[key.stringValue], path: path, isGroup: true))
      }
      if let value = table[name] {
        return try OptionDecoder.decode(T.self, value, defaults: defaults[key.stringValue], path: path + [name])
      }
      guard let value = defaults[key.stringValue] as? T else { throw missing(name) }
      return value
    }

    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
      try nested(key.stringValue).container(keyedBy: N.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try nested(key.stringValue).unkeyedContainer() }
    func superDecoder() throws -> any Decoder { try nested("super") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key.stringValue) }

    private func nested(_ key: String) throws -> OptionDecoder {
      let name = snakeCase(key)
      guard let value = table[name] else { throw missing(name) }
      return OptionDecoder(value: value, defaults: unwrap(defaults[key]), path: path + [name])
    }
    private func missing(_ name: String) -> LuaError { LuaError("missing option '\((path + [name]).joined(separator: "."))'") }
  }

  struct Unkeyed: UnkeyedDecodingContainer {
    let items: [LuaValue], path: [String]
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex == items.count }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .null = items[currentIndex] else { return false }
      currentIndex += 1
      return true
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
      let element = try next()
      return try OptionDecoder.decode(T.self, element.value, defaults: nil, path: element.path)
    }
    mutating func nestedContainer<N: CodingKey>(keyedBy type: N.Type) throws -> KeyedDecodingContainer<N> {
      try next().container(keyedBy: N.self)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }

    private mutating func next() throws -> OptionDecoder {
      guard !isAtEnd else { throw LuaError("'\(path.joined(separator: "."))' must have more than \(items.count) elements") }
      defer { currentIndex += 1 }
      return OptionDecoder(value: items[currentIndex], defaults: nil, path: path + ["\(currentIndex + 1)"])
    }
  }

  struct Single: SingleValueDecodingContainer {
    let decoder: OptionDecoder
    var codingPath: [any CodingKey] { [] }
    func decodeNil() -> Bool { if case .null = decoder.value { true } else { false } }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try OptionDecoder.decode(T.self, decoder.value, defaults: decoder.defaults, path: decoder.path)
    }
  }
}
