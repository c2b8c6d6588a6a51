import Tensors

/// Named arrays and text metadata in one file (the safetensors format, version 0.x: 8 bytes of header size, JSON header, elements).
public enum Safetensors {
  /// Every tensor, any type of number rounded to Float. Throws for headers that contradict themselves or the file's size.
  public static func read(_ path: String) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
    let file = try InputFile(path)
    let header = try readHeader(file)
    var tensors: [String: Tensor] = [:]
    for (name, entry) in header.entries {  // in the order of their bytes
      guard let type = types[entry.dtype] else {
        throw UsageError("'\(path)': '\(name)' has type \(entry.dtype); read are \(types.keys.sorted().joined(separator: ", "))")
      }
      try Tensor.check(entry.shape)
      tensors[name] = try Tensor.filled(entry.shape) { target in
        try type.floats(entry.shape.reduce(1, *), into: target) { try file.read(into: $0) }
      }
    }
    return (tensors, header.metadata)
  }

  /// The metadata and every tensor's shape, without reading the elements.
  public static func shapes(_ path: String) throws -> (shapes: [String: [Int]], metadata: [String: String]) {
    let header = try readHeader(try InputFile(path))
    return (Dictionary(uniqueKeysWithValues: header.entries.map { ($0.key, $0.value.shape) }), header.metadata)
  }

  /// Writes F32 in the order given; the elements begin at a multiple of 8 bytes.
  public static func write(_ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String) throws {
    let head = try head(tensors, metadata, path)
    try AtomicFile.write(to: path) { file in
      try file.write(head)
      for (_, tensor) in tensors {
        try tensor.withPointer { try file.write(UnsafeRawBufferPointer(start: $0, count: tensor.count * 4)) }
      }
    }
  }

  /// What precedes the elements in a file of these tensors; `path` is for the errors.
  static func head(_ tensors: [(String, Tensor)], _ metadata: [String: String], _ path: String) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty { members.append("\"__metadata__\":" + JSON.object(metadata.mapValues(JSON.string)).text) }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, tensor) in tensors {
      guard names.insert(name).inserted else { throw UsageError("cannot write '\(path)': the name '\(name)' comes twice or is reserved") }
      let end = offset + tensor.count * 4
      members.append("\(JSON.quoted(name)):{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array(("{" + members.joined(separator: ",") + "}").utf8)
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
    guard header.count <= headerLimit else { throw UsageError("cannot write '\(path)': its header would exceed \(headerLimit) bytes") }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }

  private static let headerLimit = 100_000_000

  private static let types: [String: ElementType] = [
    "BOOL": .bool, "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
    "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
  ]

  private struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var data_offsets: [Int]
  }

  private struct Header: Decodable {
    var metadata: [String: String] = [:]
    var entries: [(key: String, value: Entry)] = []

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: JSON.Key.self)
      for key in container.allKeys {
        if key.stringValue == "__metadata__" {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          entries.append((key.stringValue, try container.decode(Entry.self, forKey: key)))
        }
      }
    }
  }

  /// Leaves `file` at its first element; the entries come back in the order of their bytes.
  private static func readHeader(_ file: InputFile) throws -> Header {
    let path = file.path
    guard file.size >= 8 else { throw UsageError("'\(path)' is not a safetensors file: it has \(file.size) bytes") }
    let size = try file.read(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard size <= headerLimit else { throw UsageError("'\(path)' is not a safetensors file: a header of \(size) bytes is beyond the format's \(headerLimit)") }
    guard size <= file.size - 8 else { throw UsageError("'\(path)' is truncated: its header takes \(size) bytes, \(file.size - 8) are there") }
    let bytes = try file.read(Int(size))
    guard bytes.first == UInt8(ascii: "{") else { throw UsageError("'\(path)' is not a safetensors file: its header is not a JSON object") }
    var header = try JSON.decode(Header.self, from: bytes, source: path)
    // Entries without elements share an offset with their neighbour.
    header.entries.sort { ($0.value.data_offsets.first ?? 0, $0.value.data_offsets.last ?? 0) < ($1.value.data_offsets.first ?? 0, $1.value.data_offsets.last ?? 0) }
    let available = file.size - 8 - Int(size)
    var end = 0
    for (name, entry) in header.entries {
      let offsets = entry.data_offsets
      guard offsets.count == 2, offsets[0] == end, offsets[1] >= end, offsets[1] <= available else {
        throw UsageError("'\(path)': '\(name)' lies at bytes \(offsets), wanted a range from \(end) within \(available): no holes, no overlaps, nothing past the end")
      }
      end = offsets[1]
      guard let type = types[entry.dtype] else { continue }  // an error only for who wants the elements
      guard let bytes = type.byteCount(entry.shape) else { throw UsageError("'\(path)': '\(name)' has the impossible shape \(entry.shape)") }
      guard bytes == offsets[1] - offsets[0] else {
        throw UsageError("'\(path)': '\(name)' of type \(entry.dtype) and shape \(entry.shape) takes \(bytes) bytes, its range has \(offsets[1] - offsets[0])")
      }
    }
    guard end == available else { throw UsageError("'\(path)' has \(available - end) bytes after its last tensor") }
    return header
  }
}
