import Tensors

/// The names that a pickle may use; each stands for something read here, none for code.
enum PickleGlobal: Sendable {
  case orderedDict, rebuildTensor, rebuildParameter, size, device, encode, numpyScalar, numpyType
  case storage(ElementType)

  /// nil for a name that is not allowed.
  init?(_ module: String, _ name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDict
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch", "device"): self = .device
    case ("_codecs", "encode"): self = .encode
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): self = .numpyScalar
    case ("numpy", "dtype"): self = .numpyType
    default:
      guard module == "torch", let type = Self.storages[name] else { return nil }
      self = .storage(type)
    }
  }

  private static let storages: [String: ElementType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "LongStorage": .int64,
    "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
}

extension Pickle {
  /// PyTorch names the types of numbers as globals; they are read as text.
  private static let types = [
    "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
  ]

  mutating func pushGlobal(_ module: String, _ name: String) throws {
    if module == "torch", Self.types.contains(name) { return stack.append(.string("torch." + name)) }
    guard let global = PickleGlobal(module, name) else { throw fault("\(module).\(name) is not allowed in a checkpoint; nothing was executed") }
    stack.append(.global(global))
  }

  /// A persistent id: ("storage", type, key, device, elements).
  mutating func pushStorage(_ id: Value) throws {
    guard case .tuple(let place) = id, sequences[place].count == 5 else { throw fault("a persistent id that is no storage") }
    let parts = sequences[place]
    guard case .string("storage") = parts[0], case .global(.storage(let type)) = parts[1], case .string(let key) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { throw fault("a persistent id that is no storage") }
    stack.append(.storage(PyTorchStorage(key: key, type: type, count: count)))
  }

  /// What a call of an allowed name stands for.
  mutating func reduce(_ callee: Value, _ arguments: Value) throws {
    guard case .global(let global) = callee, case .tuple(let place) = arguments else { throw fault("a call of what is no function") }
    let values = sequences[place]
    switch global {
    case .orderedDict: try pushOrderedDict(values)
    case .rebuildTensor: try pushTensor(values)
    case .rebuildParameter:
      guard case .tensor? = values.first else { throw fault("a parameter without its tensor") }
      stack.append(values[0])
    case .size:
      guard values.count == 1, case .tuple? = values.first else { throw fault("a torch.Size without its sizes") }
      stack.append(values[0])
    case .device:
      guard case .string? = values.first else { throw fault("a torch.device without its name") }
      stack.append(values[0])
    case .encode:
      guard case .string(let text)? = values.first else { throw fault("bytes without their text") }
      try countCopy(text.utf8.count)
      // Latin-1, one byte for each of the first 256 characters.
      stack.append(.bytes(try text.unicodeScalars.map { scalar in
        guard let byte = UInt8(exactly: scalar.value) else { throw fault("bytes that are no Latin-1 text") }
        return byte
      }))
    case .numpyType:
      guard case .string(let name)? = values.first else { throw fault("a numpy.dtype without its name") }
      stack.append(.numpyType(name))
    case .numpyScalar:
      guard values.count == 2, case .numpyType(let name) = values[0], case .bytes(let raw) = values[1] else { throw fault("a numpy scalar without its bytes") }
      stack.append(try numpyScalar(name, raw))
    case .storage: throw fault("a storage that is called")
    }
  }

  /// State set after the making: attributes of an OrderedDict and a numpy type's byte order.
  func build(_ state: Value) throws {
    switch try top() {
    case .dictionary: return  // a state dict's _metadata: versions of its modules
    case .numpyType(let name):
      guard case .tuple(let place) = state, sequences[place].count > 1, case .string(let order) = sequences[place][1], order != ">" else {
        throw fault("numpy.dtype '\(name)' in an unknown byte order")
      }
    default: throw fault("state for what has none")
    }
  }

  private mutating func pushOrderedDict(_ values: [Value]) throws {
    guard let first = values.first else { return pushDictionary([]) }
    guard values.count == 1, case .list(let list) = first else { throw fault("an OrderedDict of what is no list") }
    try countCopy(sequences[list].count)
    pushDictionary(try sequences[list].map { pair in
      switch pair {
      case .list(let place), .tuple(let place):
        guard sequences[place].count == 2 else { throw fault("an OrderedDict's entry that is no pair") }
        return (key: sequences[place][0], value: sequences[place][1])
      default: throw fault("an OrderedDict's entry that is no pair")
      }
    })
  }

  /// (storage, offset, size, stride, ...), offset and stride in elements.
  private mutating func pushTensor(_ values: [Value]) throws {
    guard values.count >= 4, case .storage(let storage) = values[0], case .int(let offset) = values[1] else { throw fault("a tensor without its storage") }
    tensors.append(try PyTorchTensor(storage, offset: offset, shape: integers(values[2]), strides: integers(values[3])) { fault($0) })
    stack.append(.tensor(tensors.count - 1))
  }

  private func integers(_ value: Value) throws -> [Int] {
    guard case .tuple(let place) = value else { throw fault("a tensor's sizes that are no tuple") }
    return try sequences[place].map { value in
      guard case .int(let number) = value else { throw fault("a tensor's size that is no integer") }
      return number
    }
  }

  private func numpyScalar(_ name: String, _ raw: [UInt8]) throws -> Value {
    let bits = raw.count <= 8 ? raw.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : 0
    switch (name, raw.count) {
    case ("f8", 8): return .double(Double(bitPattern: bits))
    case ("f4", 4): return .double(Double(Float(bitPattern: UInt32(bits))))
    case ("f2", 2): return .double(Double(Float16(bitPattern: UInt16(bits))))
    case ("i8", 8): return .int(Int(Int64(bitPattern: bits)))
    case ("i4", 4): return .int(Int(Int32(bitPattern: UInt32(bits))))
    case ("b1", 1): return .bool(bits != 0)
    default: throw fault("a numpy scalar of type '\(name)' and \(raw.count) bytes is not read")
    }
  }
}

extension Pickle {
  /// The value with all that it holds; throws where it is deeper than any checkpoint, holds itself, or is larger than `left` values.
  func tree(_ value: Value, depth: Int, left: inout Int) throws -> PyTorchValue {
    left -= 1
    guard left >= 0 else { throw fault("the pickle repeats its parts beyond a million values") }
    guard depth < 64 else { throw fault("a value nested deeper than 64 levels, or inside itself") }
    switch value {
    case .none: return .none
    case .bool(let x): return .bool(x)
    case .int(let x): return .int(x)
    case .double(let x): return .double(x)
    case .string(let x): return .string(x)
    case .bytes(let x): return .bytes(x)
    case .list(let place), .tuple(let place):
      var values: [PyTorchValue] = []
      for value in sequences[place] { values.append(try tree(value, depth: depth + 1, left: &left)) }
      return .list(values)
    case .dictionary(let place):
      var pairs: [(key: String, value: PyTorchValue)] = []
      for (key, value) in dictionaries[place] { pairs.append((key: try name(key), value: try tree(value, depth: depth + 1, left: &left))) }
      return .dictionary(pairs)
    case .tensor(let place): return .tensor(tensors[place])
    case .mark, .storage, .global, .numpyType: throw fault("a part of a tensor or a name stands where a value was wanted")
    }
  }

  private func name(_ key: Value) throws -> String {
    switch key {
    case .string(let text): return text
    case .int(let number): return String(number)
    case .bool(let flag): return flag ? "True" : "False"
    default: throw fault("a dict's key that is no text and no integer")
    }
  }
}
