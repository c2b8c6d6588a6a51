import Tensors

/// What a file of torch.save holds, where it holds tensors, dicts, lists, tuples, numbers, strings and bytes.
public indirect enum PyTorchValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case bytes([UInt8])
  /// A list or a tuple.
  case list([PyTorchValue])
  case dictionary([(key: String, value: PyTorchValue)])
  case tensor(PyTorchTensor)

  /// The entry of a dict; nil where this is none or has no such key.
  public subscript(key: String) -> PyTorchValue? {
    guard case .dictionary(let pairs) = self else { return nil }
    return pairs.last { $0.key == key }?.value
  }
  /// The keys of a dict.
  public var keys: [String] {
    guard case .dictionary(let pairs) = self else { return [] }
    return pairs.map(\.key)
  }
}

/// A file that torch.save wrote (the zip form, PyTorch 1.6 and later), read without running anything that it names.
public final class PyTorchFile {
  public let path: String
  public let root: PyTorchValue
  private let archive: ZipReader
  private let prefix: String
  /// Elements that may still be read: views may repeat a storage's numbers, but not without bound.
  private var budget: Int

  /// Reads all but the tensors' numbers. Throws naming the file and its fault, or the name that is not allowed.
  public init(_ path: String) throws {
    self.path = path
    let start = try Self.start(path)
    guard start.starts(with: [0x50, 0x4b]) else {
      let legacy = start.starts(with: [0x80, 0x02, 0x8a, 0x0a])
      throw UsageError("'\(path)' \(legacy ? "has the form of PyTorch before 1.6: load it in PyTorch and torch.save it again" : "is not a file of torch.save: it is no zip archive")")
    }
    do { archive = try ZipReader(path, as: "a PyTorch file") } catch let error as UsageError { throw UsageError("\(error) (truncated or damaged?)") }
    let names = archive.entries.map(\.name)
    guard let name = names.filter({ $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }).min(by: { $0.utf8.count < $1.utf8.count }) else {
      throw UsageError("'\(path)' is not a file of torch.save: it has no data.pkl")
    }
    prefix = String(name.dropLast("data.pkl".count))
    guard !names.contains(prefix + "constants.pkl") else { throw UsageError("'\(path)' is a TorchScript program, not a checkpoint; save its state_dict()") }
    budget = archive.entries.reduce(1 << 24) { $0 + $1.size }
    if names.contains(prefix + "byteorder") {
      let order = String(decoding: try Self.content(archive, prefix + "byteorder", limit: 64), as: UTF8.self)
      guard order == "little" else { throw UsageError("'\(path)' was written on a machine of other byte order ('\(order)')") }
    }
    var pickle = Pickle(try Self.content(archive, name, limit: 1 << 24), label: "'\(path)': data.pkl")
    let value = try pickle.read()
    var left = 1_000_000
    root = try pickle.tree(value, depth: 0, left: &left)
    try check(pickle.tensors.map(\.storage))
  }

  /// The tensors in `value` under dotted names, "network.mlp.weight", any type of number rounded to Float; what is no tensor is passed over.
  public func tensors(in value: PyTorchValue) throws -> [String: Tensor] {
    var storages: [String: [Float]] = [:]
    var result: [String: Tensor] = [:]
    try collect(value, "", &storages, &result)
    return result
  }

  private func collect(_ value: PyTorchValue, _ name: String, _ storages: inout [String: [Float]], _ result: inout [String: Tensor]) throws {
    let start = name.isEmpty ? "" : name + "."
    switch value {
    case .tensor(let tensor): result[name] = try read(tensor, name, &storages)
    case .dictionary(let pairs): for (key, value) in pairs { try collect(value, start + key, &storages, &result) }
    case .list(let values): for (index, value) in values.enumerated() { try collect(value, start + String(index), &storages, &result) }
    default: break
    }
  }

  private func read(_ tensor: PyTorchTensor, _ name: String, _ storages: inout [String: [Float]]) throws -> Tensor {
    guard tensor.count <= budget else { throw UsageError("'\(path)': '\(name)' of shape \(tensor.shape) repeats its numbers beyond all measure") }
    budget -= tensor.count
    try Tensor.check(tensor.shape)
    if tensor.count == 0 { return Tensor.filled(tensor.shape) { _ in } }
    let storage = tensor.storage
    let identity = "\(storage.key) \(storage.type) \(storage.count)"
    if tensor.isWhole, storages[identity] == nil {
      return try Tensor.filled(tensor.shape) { target in try load(storage, into: target) }
    }
    let numbers = try storages[identity] ?? [Float](unsafeUninitializedCapacity: storage.count) { buffer, initialized in
      guard let target = buffer.baseAddress else { return }
      try load(storage, into: target)
      initialized = storage.count
    }
    storages[identity] = numbers
    return Tensor.filled(tensor.shape) { tensor.gather(numbers, into: $0) }
  }

  private func load(_ storage: PyTorchStorage, into target: UnsafeMutablePointer<Float>) throws {
    let entry = try Self.open(archive, prefix + "data/" + storage.key)
    try storage.type.floats(storage.count, into: target) { try entry.read(into: $0) }
  }

  /// Every storage must have the bytes that it claims, undamaged by their checksum, before memory is taken for it.
  private func check(_ storages: [PyTorchStorage]) throws {
    let sizes = Dictionary(archive.entries.map { ($0.name, $0.size) }) { first, _ in first }
    var checked: Set<String> = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    for storage in storages {
      let name = prefix + "data/" + storage.key
      guard let size = sizes[name] else { throw UsageError("'\(path)' has no entry '\(name)'") }
      guard storage.type.byteCount([storage.count]) == size else {
        throw UsageError("'\(path)': '\(name)' has \(size) bytes, which are not its \(storage.count) elements of \(storage.type)")
      }
      guard checked.insert(name).inserted else { continue }
      let entry = try Self.open(archive, name)
      for start in stride(from: 0, to: size, by: buffer.count) {
        let count = min(buffer.count, size - start)
        try buffer.withUnsafeMutableBytes { try entry.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count])) }
      }
    }
  }

  private static func open(_ archive: ZipReader, _ name: String) throws -> ZipReader.Entry {
    guard let entry = archive.entries.first(where: { $0.name == name }) else { throw UsageError("'\(archive.path)' has no entry '\(name)'") }
    guard !archive.deflated.contains(entry.index) else { throw UsageError("'\(archive.path)': '\(name)' is compressed, which torch.save never does") }
    return try archive.open(entry, "'\(archive.path)': '\(name)'")
  }

  /// An entry's bytes, at most `limit`.
  private static func content(_ archive: ZipReader, _ name: String, limit: Int) throws -> [UInt8] {
    let entry = try open(archive, name)
    let size = archive.entries.first { $0.name == name }?.size ?? 0
    guard size <= limit else { throw UsageError("'\(archive.path)': '\(name)' has \(size) bytes, more than the \(limit) that are read") }
    var bytes = [UInt8](repeating: 0, count: size)
    try bytes.withUnsafeMutableBytes { try entry.read(into: $0) }
    return bytes
  }

  private static func start(_ path: String) throws -> [UInt8] {
    let file = try InputFile(path)
    return try file.read(min(file.size, 8))
  }
}
