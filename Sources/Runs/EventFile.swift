import Files
import Tensors

/// A TensorBoard event file: the metrics once more, for those who look at runs there. Each record of a TFRecord file is its length, a check of
/// that, a message of protocol buffers (tensorflow/core/util/event.proto), and a check of that.
final class EventFile {
  private let file: OutputFile
  /// Wall time at which the run's clock stood at zero.
  private let origin: Double

  /// Begins the file anew with what `records` say; one that was there is replaced.
  init(folder: String, _ records: [MetricsRecord], elapsed: Double) throws {
    let origin = Progress.wallClock() - elapsed
    self.origin = origin
    let path = folder + "/events.out.tfevents.0.dsrl-lua"
    var version = ProtobufMessage()
    version.double(1, origin)
    version.string(3, "brain.Event:2")
    try AtomicFile.write(EventFile.framed(version.bytes) + records.flatMap { EventFile.event($0, origin: origin) }, to: path)
    file = try OutputFile.appending(to: path)
  }

  func add(_ record: MetricsRecord) throws { try file.write(EventFile.event(record, origin: origin)) }

  /// Event{wall_time = 1, step = 2, summary = 5{value = 1{tag = 1, simple_value = 2}}}
  private static func event(_ record: MetricsRecord, origin: Double) -> [UInt8] {
    var summary = ProtobufMessage()
    for (name, value) in record.values.sorted(by: { $0.key < $1.key }) {
      var scalar = ProtobufMessage()
      scalar.string(1, name)
      scalar.float(2, Float(value))
      summary.message(1, scalar)
    }
    var event = ProtobufMessage()
    event.double(1, origin + record.seconds)
    event.integer(2, record.step)
    event.message(5, summary)
    return framed(event.bytes)
  }

  private static func framed(_ message: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(message.count).littleEndian) { Array($0) }
    return length + masked(length) + message + masked(message)
  }

  /// TFRecord's masked CRC-32C, the lowest byte first.
  private static func masked(_ bytes: [UInt8]) -> [UInt8] {
    let sum = crc32c(bytes)
    let mask = (sum >> 15 | sum << 17) &+ 0xa282_ead8
    return withUnsafeBytes(of: mask.littleEndian) { Array($0) }
  }

  /// Castagnoli's polynomial, reflected (RFC 3720, appendix B.4).
  static func crc32c(_ bytes: [UInt8]) -> UInt32 { ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 } }

  private static let table: [UInt32] = (0..<256).map { byte in (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 } }
}
