import Tensors

/// A message of protocol buffers as its wire format has it (protobuf.dev/programming-guides/encoding): fields one after another, each a key that
/// holds its number and its kind, and a value. Tensors are kept as they are until the message is written.
public struct ProtobufMessage {
  private enum Piece {
    case bytes([UInt8])
    case floats(Tensor)
  }

  private var pieces: [Piece] = []
  /// What follows the last piece.
  private var tail: [UInt8] = []
  /// Bytes in all.
  public private(set) var count = 0

  /// No reader takes more: sizes are of 32 bits with a sign.
  public static let limit = Int(Int32.max)

  public init() {}

  /// Kind 0: int32, int64, uint64, bool and enumerations; negative numbers take ten bytes.
  public mutating func integer(_ field: Int, _ value: Int) {
    key(field, kind: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Kind 1: double.
  public mutating func double(_ field: Int, _ value: Double) {
    key(field, kind: 1)
    fixed(value.bitPattern)
  }

  /// Kind 5: float.
  public mutating func float(_ field: Int, _ value: Float) {
    key(field, kind: 5)
    fixed(value.bitPattern)
  }

  /// Kind 2, as all that follow.
  public mutating func bytes(_ field: Int, _ value: [UInt8]) {
    start(field, value.count)
    append(value)
  }

  public mutating func string(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  /// A message inside this one.
  public mutating func message(_ field: Int, _ value: ProtobufMessage) {
    start(field, value.count)
    for piece in value.pieces { append(piece) }
    append(value.tail)
  }

  /// A tensor's elements in row-major order, four bytes each, the lowest first.
  public mutating func floats(_ field: Int, _ value: Tensor) {
    start(field, 4 * value.count)
    append(.floats(value))
  }

  /// The whole message, as it is sent.
  public var bytes: [UInt8] {
    pieces.flatMap { piece -> [UInt8] in
      switch piece {
      case .bytes(let bytes): bytes
      case .floats(let tensor): tensor.values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
      }
    } + tail
  }

  /// Writes the message as a file that appears whole or not at all; throws where it is larger than readers take.
  public func write(to path: String) throws {
    guard count <= Self.limit else {
      throw UsageError("cannot write '\(path)': it would take \(count) bytes, and a file of protocol buffers holds at most \(Self.limit)")
    }
    try AtomicFile.write(to: path) { (file: OutputFile) in
      for piece in pieces {
        switch piece {
        case .bytes(let bytes): try file.write(bytes)
        case .floats(let tensor): try tensor.withPointer { try file.write(UnsafeRawBufferPointer(start: $0, count: 4 * tensor.count)) }
        }
      }
      try file.write(tail)
    }
  }

  // MARK: Encoding

  private mutating func start(_ field: Int, _ length: Int) {
    key(field, kind: 2)
    varint(UInt64(length))
  }

  private mutating func key(_ field: Int, kind: UInt64) { varint(UInt64(field) << 3 | kind) }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      append([UInt8(truncatingIfNeeded: rest) | 0x80])
      rest >>= 7
    }
    append([UInt8(rest)])
  }

  private mutating func fixed(_ value: some FixedWidthInteger) { append(withUnsafeBytes(of: value.littleEndian) { Array($0) }) }

  private mutating func append(_ bytes: [UInt8]) {
    tail += bytes
    count += bytes.count
  }

  private mutating func append(_ piece: Piece) {
    switch piece {
    case .bytes(let bytes): append(bytes)
    case .floats(let tensor):
      pieces += [.bytes(tail), piece]
      tail = []
      count += 4 * tensor.count
    }
  }
}
