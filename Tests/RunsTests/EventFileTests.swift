import Files
import Testing

@testable import Runs

@Suite struct EventFileTests {
  /// RFC 3720, appendix B.4.
  @Test func checksum() {
    #expect(EventFile.crc32c(Array(repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(EventFile.crc32c(Array(repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(EventFile.crc32c((0..<32).map { UInt8($0) }) == 0x46dd_794e)
  }

  /// A run that goes on has the same records as one that was not stopped: the file follows from metrics.jsonl.
  @Test func continues() throws {
    try withFolder { folder in
      let path = folder + "/events.out.tfevents.0.dsrl-lua"
      let metrics = try Metrics(folder: folder)
      try metrics.record(step: 1, ["a": 1, "b": .nan])
      let one = try readBytes(path).count
      try metrics.record(step: 2, ["a": 2, "b": 3])
      let two = try readBytes(path).count
      #expect(two > one)
      let again = try Metrics(folder: folder)
      #expect(try readBytes(path).count == two)
      try again.record(step: 3, ["a": 2, "b": 3])
      #expect(try readBytes(path).count == 2 * two - one)
    }
  }
}
