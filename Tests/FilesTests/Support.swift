import FoundationEssentials
import Tensors
import Testing

@testable import Files

/// Where scripts/fixtures/files.py left its files.
func fixture(_ name: String, _ here: String = #filePath) -> String {
  here.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/") + "/Fixtures/files/" + name
}

/// A fresh folder that is gone after `body`.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.path + "/dsrl-files-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// What `body` throws, as text; an issue where it does not throw.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing was thrown"
  } catch { return "\(error)" }
}

/// -5, -4, ... 18: the fixtures' array of shape 2x3x4.
let signed = (0..<24).map { Float($0 - 5) }

/// Writes without waiting for the disk: for files by the thousand.
func writeQuickly(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// Changes up to four bytes, cuts the end off, or repeats a piece.
func mutate(_ bytes: [UInt8], using random: inout RandomStream) -> [UInt8] {
  var bytes = bytes
  switch random.integer(below: 4) {
  case 0: bytes.removeLast(random.integer(below: bytes.count + 1))
  case 1: bytes.insert(contentsOf: bytes[0..<random.integer(below: bytes.count)], at: random.integer(below: bytes.count))
  default:
    // Headers are where mistakes are dangerous: half of the changes fall in the first 200 bytes.
    for _ in 0...random.integer(below: 4) {
      let reach = random.integer(below: 2) == 0 ? min(200, bytes.count) : bytes.count
      bytes[random.integer(below: reach)] = UInt8(random.integer(below: 256))
    }
  }
  return bytes
}
