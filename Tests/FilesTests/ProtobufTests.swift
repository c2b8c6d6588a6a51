import Tensors
import Testing

@testable import Files

/// Bytes as Google's protobuf and the ONNX project's library write them (scripts/fixtures/onnx_files.py).
struct ProtobufTests {
  private func path(_ name: String) -> String {
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/onnx/" + name
  }

  private func bytes(_ message: ProtobufMessage) throws -> [UInt8] {
    try withFolder { folder in
      try message.write(to: folder + "/m")
      let written = try readBytes(folder + "/m")
      #expect(written.count == message.count)
      return written
    }
  }

  @Test func fieldsAreAsInProtobuf() throws {
    let stored = try JSON(file: path("wire.json"))
    func check(_ name: String, _ fill: (inout ProtobufMessage) -> Void) throws {
      var message = ProtobufMessage()
      fill(&message)
      let hex = try bytes(message).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(hex == stored[name]?.string, "\(name)")
    }
    try check("one") { $0.integer(1, 1) }
    try check("three_hundred") { $0.integer(1, 300) }
    try check("minus_one") { $0.integer(1, -1) }
    try check("largest") { $0.integer(1, .max) }
    try check("double") { $0.double(1, 0.1) }
    try check("float") { $0.float(1, -2.5) }
    try check("text") { $0.string(1, "état") }
    try check("long") { $0.bytes(1, Array(0..<200)) }
    try check("field_20") { $0.integer(20, 7) }
    try check("nested") { message in
      var (named, fixed) = (ProtobufMessage(), ProtobufMessage())
      named.string(2, "n")
      fixed.integer(1, 300)
      message.message(1, named)
      message.message(1, fixed)
    }
  }

  /// A view is written in the order of its elements, inside however many messages.
  @Test func tensorsAreWrittenAsTheirBytes() throws {
    let view = try Tensor([1, 2, 3, 4], shape: [2, 2]).transposed()
    var (inner, outer) = (ProtobufMessage(), ProtobufMessage())
    inner.floats(9, view)
    inner.integer(1, 5)
    outer.integer(2, 6)
    outer.message(3, inner)
    outer.integer(4, 7)
    let elements = [1, 3, 2, 4].flatMap { value in withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) } }
    #expect(try bytes(outer) == [2 << 3, 6, 3 << 3 | 2, 20, 9 << 3 | 2, 16] + elements + [1 << 3, 5, 4 << 3, 7])
  }

  @Test func refusesMoreThanReadersTake() throws {
    let wide = try Tensor.zeros([1, 1]).expand(to: [1 << 15, 1 << 14])  // 2 GiB that lie nowhere
    var large = ProtobufMessage()
    large.floats(1, wide)
    try withFolder { folder in
      let text = message { try large.write(to: folder + "/m.onnx") }
      #expect(text.contains("m.onnx") && text.contains("at most 2147483647"))
      #expect(throws: UsageError.self) { try readBytes(folder + "/m.onnx") }
    }
  }

  @Test func aModelIsByteForByteTheLibrarys() throws {
    let graph = ONNXGraph("small")
    let weight = try Tensor((0..<6).map { Float($0) / 4 }, shape: [2, 3]), bias = Tensor([0.5, -0.25])
    graph.name([("layer.weight", weight), ("layer.bias", bias)])
    let x = graph.input("x", [.named("n"), .fixed(3)])
    let matrix = graph.parameter(weight), gain = graph.parameter(bias)
    let hidden = x.linear(matrix, gain).clamp(-1, 0.5).reshape([0, 2, 1]).permute([0, 2, 1])
    graph.output("y", hidden.layerNorm(gain, gain, epsilon: 1e-5), [.named("n"), .fixed(1), .fixed(2)])
    #expect(try bytes(graph.model(opset: 17, producer: "dsrl-lua", version: "1")) == readBytes(path("small.onnx")))
  }
}
