/// What an encoder has written in one place. Containers are handles to it.
final class OptionNode {
  enum Content { case none, value(LuaValue), list([OptionNode]), fields([(label: String, node: OptionNode)]) }
  var content = Content.none

  func child(named label: String) -> OptionNode {
    var fields: [(label: String, node: OptionNode)] = []
    if case .fields(let present) = content { fields = present }
    let node = OptionNode()
    fields.append((label, node))
    content = .fields(fields)
    return node
  }
  func appended() -> OptionNode {
    var list: [OptionNode] = []
    if case .list(let present) = content { list = present }
    let node = OptionNode()
    list.append(node)
    content = .list(list)
    return node
  }

  /// As a Lua value. `original` supplies the properties that were nil and so not encoded, and their order.
  func value(shapedLike original: Any?) -> LuaValue {
    switch content {
    case .none: return .null
    case .value(let value): return value
    case .list(let nodes):
      let originals = original.map { Mirror(reflecting: $0).children.map(\.value) } ?? []
      return .table(LuaTable(list: nodes.enumerated().map { i, node in node.value(shapedLike: i < originals.count ? originals[i] : nil) }))
    case .fields(let fields):
      var table = LuaTable()
      var values: [String: Any] = [:]
      for (label, _) in properties(of: original ?? ()) { table[snakeCase(label)] = .null }
      for case let (label?, value) in Mirror(reflecting: original ?? ()).children { values[label] = value }
      for (label, node) in fields {
        let value = node.value(shapedLike: unwrap(values[label]))
        if values[label] is any OptionGroup, case .table(let group) = value {
          for field in group.fields { table[field.name] = field.value }
        } else {
          table[snakeCase(label)] = value
        }
      }
      return .table(table)
    }
  }
}

/// Writes options as Lua values.
struct OptionEncoder: Encoder {
  let node: OptionNode
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<K: CodingKey>(keyedBy type: K.Type) -> KeyedEncodingContainer<K> {
    if case .none = node.content { node.content = .fields([]) }
    return KeyedEncodingContainer(Keyed<K>(node: node))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .none = node.content { node.content = .list([]) }
    return Unkeyed(node: node)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: node) }

  static func write<T: Encodable>(_ value: T, into node: OptionNode) throws {
    switch value {
    case let x as Bool: node.content = .value(.bool(x))
    case let x as String: node.content = .value(.string(x))
    case let x as any BinaryInteger: node.content = .value(Int(exactly: x).map(LuaValue.int) ?? .number(Double(x)))
    case let x as Double: node.content = .value(.number(x))
    // By its shortest decimal form, so that 0.1 stays 0.1.
    case let x as Float: node.content = .value(.number(Double(x.description) ?? Double(x)))
    default: try value.encode(to: OptionEncoder(node: node))
    }
  }

  struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: OptionNode
    var codingPath: [any CodingKey] { [] }
    func encodeNil(forKey key: Key) { node.child(named: key.stringValue).content = .value(.null) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try write(value, into: node.child(named: key.stringValue)) }
    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> {
      OptionEncoder(node: node.child(named: key.stringValue)).container(keyedBy: N.self)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      OptionEncoder(node: node.child(named: key.stringValue)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { OptionEncoder(node: node.child(named: "super")) }
    func superEncoder(forKey key: Key) -> any Encoder { OptionEncoder(node: node.child(named: key.stringValue)) }
  }

  struct Unkeyed: UnkeyedEncodingContainer {
    let node: OptionNode
    var codingPath: [any CodingKey] { [] }
    var count: Int { if case .list(let nodes) = node.content { nodes.count } else { 0 } }
    func encodeNil() { node.appended().content = .value(.null) }
    func encode<T: Encodable>(_ value: T) throws { try write(value, into: node.appended()) }
    func nestedContainer<N: CodingKey>(keyedBy type: N.Type) -> KeyedEncodingContainer<N> {
      OptionEncoder(node: node.appended()).container(keyedBy: N.self)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { OptionEncoder(node: node.appended()).unkeyedContainer() }
    func superEncoder() -> any Encoder { OptionEncoder(node: node.appended()) }
  }

  struct Single: SingleValueEncodingContainer {
    let node: OptionNode
    var codingPath: [any CodingKey] { [] }
    func encodeNil() { node.content = .value(.null) }
    func encode<T: Encodable>(_ value: T) throws { try write(value, into: node) }
  }
}
