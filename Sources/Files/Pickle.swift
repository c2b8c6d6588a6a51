import Tensors

/// A restricted reader of Python's pickles, protocols 2 to 5 as torch.save writes them: data are read, nothing is ever called.
///
/// Lists and dictionaries live in arenas, so that neither deep nesting nor a list inside itself can exhaust the stack or leak.
struct Pickle {
  enum Value {
    case mark, none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    /// Places in `sequences`, `sequences`, `dictionaries` and `tensors`.
    case list(Int)
    case tuple(Int)
    case dictionary(Int)
    case tensor(Int)
    case storage(PyTorchStorage)
    case global(PickleGlobal)
    case numpyType(String)
  }

  /// Names the file in errors.
  let label: String
  let bytes: [UInt8]
  var position = 0
  var stack: [Value] = []
  private var memo: [Int: Value] = [:]
  var sequences: [[Value]] = []
  var dictionaries: [[(key: Value, value: Value)]] = []
  var tensors: [PyTorchTensor] = []
  /// Elements that calls made anew: a small pickle may call often with one large argument.
  private var copied = 0

  init(_ bytes: [UInt8], label: String) { (self.bytes, self.label) = (bytes, label) }

  /// An error at the byte that is being read.
  func fault(_ what: String) -> UsageError { UsageError("\(label), byte \(position): \(what)") }

  /// Reads up to the pickle's end, and returns what it holds.
  mutating func read() throws -> Value {
    var steps = 0
    while true {
      steps += 1
      guard steps <= 4_000_000 else { throw fault("the pickle has more than 4 million steps") }
      let code = try byte()
      if code == UInt8(ascii: ".") {
        let value = try pop()
        guard stack.isEmpty else { throw fault("the pickle ends with \(stack.count) values left over") }
        return value
      }
      try step(code)
    }
  }

  private mutating func step(_ code: UInt8) throws {
    switch code {
    case 0x80:
      let version = try byte()
      guard (2...5).contains(version) else { throw fault("pickle protocol \(version) is unknown; 2 to 5 are read") }
    case 0x95: _ = try size(8)  // a frame's length
    case 0x28: stack.append(.mark)
    case 0x30: _ = try pop()
    case 0x31: _ = try popToMark()
    case 0x32: stack.append(try top())
    case 0x4e: stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case 0x4b: stack.append(.int(try unsigned(1)))
    case 0x4d: stack.append(.int(try unsigned(2)))
    case 0x4a: stack.append(.int(Int(Int32(truncatingIfNeeded: try unsigned(4)))))
    case 0x8a: stack.append(.int(try long(try size(1))))
    case 0x8b: stack.append(.int(try long(try size(4))))
    case 0x47: stack.append(.double(Double(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) })))
    case 0x8c: stack.append(.string(try text(try size(1))))
    case 0x58: stack.append(.string(try text(try size(4))))
    case 0x8d: stack.append(.string(try text(try size(8))))
    case 0x55: stack.append(.string(try text(try size(1))))
    case 0x54: stack.append(.string(try text(try size(4))))
    case 0x43: stack.append(.bytes(Array(try take(try size(1)))))
    case 0x42: stack.append(.bytes(Array(try take(try size(4)))))
    case 0x8e, 0x96: stack.append(.bytes(Array(try take(try size(8)))))
    case 0x5d: pushList([])
    case 0x6c: pushList(try popToMark())
    case 0x61: try append([try pop()])
    case 0x65: try append(try popToMark())
    case 0x29: pushTuple([])
    case 0x74: pushTuple(try popToMark())
    case 0x85: pushTuple(try pop(1))
    case 0x86: pushTuple(try pop(2))
    case 0x87: pushTuple(try pop(3))
    case 0x7d: pushDictionary([])
    case 0x64: pushDictionary(try pairs(try popToMark()))
    case 0x73: try set(try pop(2))
    case 0x75: try set(try popToMark())
    case 0x71: memo[try unsigned(1)] = try top()
    case 0x72: memo[try unsigned(4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case 0x68: stack.append(try remembered(try unsigned(1)))
    case 0x6a: stack.append(try remembered(try unsigned(4)))
    case 0x63:
      let module = try line()
      try pushGlobal(module, try line())
    case 0x93:
      let names = try pop(2)
      guard case .string(let module) = names[0], case .string(let name) = names[1] else { throw fault("a global without a name") }
      try pushGlobal(module, name)
    case 0x51: try pushStorage(try pop())
    case 0x52, 0x81:
      let call = try pop(2)
      try reduce(call[0], call[1])
    case 0x62:
      let state = try pop()
      try build(state)
    default: throw fault("opcode 0x\(String(code, radix: 16)) is not read: tensors, dicts, lists, tuples, numbers and strings are")
    }
  }

  mutating func countCopy(_ count: Int) throws {
    copied += count
    guard copied <= 1 << 24 else { throw fault("the pickle copies its parts beyond all measure") }
  }

  // MARK: The stack

  func top() throws -> Value {
    guard let value = stack.last else { throw fault("the pickle's stack is empty") }
    if case .mark = value { throw fault("a mark where a value was wanted") }
    return value
  }
  mutating func pop() throws -> Value {
    let value = try top()
    stack.removeLast()
    return value
  }
  /// The last `count` values, oldest first.
  private mutating func pop(_ count: Int) throws -> [Value] {
    var values: [Value] = []
    for _ in 0..<count { values.append(try pop()) }
    return values.reversed()
  }
  private mutating func popToMark() throws -> [Value] {
    guard let mark = stack.lastIndex(where: { if case .mark = $0 { true } else { false } }) else { throw fault("no mark on the pickle's stack") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[(mark + 1)...])
  }
  private func remembered(_ key: Int) throws -> Value {
    guard let value = memo[key] else { throw fault("the pickle's memo has no entry \(key)") }
    return value
  }

  mutating func pushList(_ values: [Value]) {
    sequences.append(values)
    stack.append(.list(sequences.count - 1))
  }
  mutating func pushTuple(_ values: [Value]) {
    sequences.append(values)
    stack.append(.tuple(sequences.count - 1))
  }
  mutating func pushDictionary(_ pairs: [(key: Value, value: Value)]) {
    dictionaries.append(pairs)
    stack.append(.dictionary(dictionaries.count - 1))
  }
  private mutating func append(_ values: [Value]) throws {
    guard case .list(let place) = try top() else { throw fault("elements for what is no list") }
    sequences[place] += values
  }
  private mutating func set(_ values: [Value]) throws {
    guard case .dictionary(let place) = try top() else { throw fault("entries for what is no dict") }
    dictionaries[place] += try pairs(values)
  }
  func pairs(_ values: [Value]) throws -> [(key: Value, value: Value)] {
    guard values.count % 2 == 0 else { throw fault("a dict's key without a value") }
    return stride(from: 0, to: values.count, by: 2).map { (key: values[$0], value: values[$0 + 1]) }
  }

  // MARK: The bytes

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw fault("the pickle ends early (truncated?)") }
    defer { position += 1 }
    return bytes[position]
  }
  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - position else { throw fault("\(count) bytes wanted, \(bytes.count - position) are left (truncated?)") }
    defer { position += count }
    return bytes[position..<position + count]
  }
  /// Little-endian, at most 4 bytes.
  private mutating func unsigned(_ count: Int) throws -> Int { try take(count).reversed().reduce(0) { $0 << 8 | Int($1) } }
  /// A length, which what is left must hold.
  private mutating func size(_ count: Int) throws -> Int {
    let size = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard size <= UInt64(bytes.count - position) else { throw fault("\(size) bytes wanted, \(bytes.count - position) are left (truncated?)") }
    return Int(size)
  }
  /// Little-endian, in two's complement.
  private mutating func long(_ count: Int) throws -> Int {
    let bytes = try take(count)
    guard let last = bytes.last else { return 0 }
    guard count <= 8 else { throw fault("an integer of \(count) bytes is too large") }
    return bytes.reversed().reduce(last >= 0x80 ? -1 : 0) { $0 << 8 | Int($1) }
  }
  private mutating func text(_ count: Int) throws -> String {
    guard let text = String(validating: try take(count), as: UTF8.self) else { throw fault("a string is not UTF-8") }
    return text
  }
  private mutating func line() throws -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0a), end - position <= 1000 else { throw fault("a name without an end") }
    let name = try text(end - position)
    position += 1
    return name
  }
}
