import Glibc
import LuaBridge
import Tensors

/// `tensor f32 [256, 11]` and the numbers, aligned; of long dimensions the first and last three. Elements not shown are not touched.
struct TensorPrinting {
  private let tensor: Tensor
  private static let longest = 8
  private static let shown = 3

  init(_ tensor: Tensor) { self.tensor = tensor.detach() }

  func text() throws -> String {
    let header = "tensor f32 [\(tensor.shape.map(String.init).joined(separator: ", "))]" + (tensor.shape.contains(0) ? " (empty)" : "")
    guard !tensor.shape.contains(0) else { return header }
    let numbers = try Tensor.withoutGrad { try visible(tensor) }
    let words = NumberFormat(for: numbers).words(numbers)
    let width = words.map(\.count).max() ?? 0
    var rest = words.map { String(repeating: " ", count: width - $0.count) + $0 }[...]
    var lines: [String] = []
    layout(tensor.shape[...], place: "", &rest, &lines)
    return ([header] + lines).joined(separator: "\n")
  }

  /// The indices shown of a dimension; nil stands for those left out.
  private static func indices(_ size: Int) -> [Int?] {
    size <= longest ? Array(0..<size) : Array(0..<shown) + [nil] + Array(size - shown..<size)
  }

  /// The numbers shown, in order, one view after the other.
  private func visible(_ part: Tensor) throws -> [Float] {
    guard let size = part.shape.first else { return [try part.item()] }
    return try TensorPrinting.indices(size).compactMap { $0 }.flatMap { try visible(part.select(0, $0)) }
  }

  /// One line per row of the last dimension; blocks of more dimensions under their index.
  private func layout(_ shape: ArraySlice<Int>, place: String, _ words: inout ArraySlice<String>, _ lines: inout [String]) {
    guard shape.count > 1, let size = shape.first else {
      let row = TensorPrinting.indices(shape.first ?? 1).map { $0 == nil ? "..." : words.popFirst() ?? "" }
      return lines.append("  " + row.joined(separator: "  "))
    }
    for index in TensorPrinting.indices(size) {
      guard let index else { lines.append("  ..."); continue }
      let place = place + "\(index + 1), "
      if shape.count == 3 { lines.append("[\(place)...]") }
      layout(shape.dropFirst(), place: place, &words, &lines)
    }
  }
}

/// One way of writing for all numbers that stand together.
private struct NumberFormat {
  private let format: String

  init(for numbers: [Float]) {
    let finite = numbers.filter(\.isFinite).map(abs)
    let (largest, smallest) = (finite.max() ?? 0, finite.filter { $0 > 0 }.min() ?? 1)
    if finite.allSatisfy({ $0 == $0.rounded() }), largest < 1e7 {
      format = "%.0f"
    } else {
      format = largest < 1e5 && largest >= 1e-3 && (smallest >= 1e-4 || largest < 1e3) ? "%.4f" : "%.4e"
    }
  }

  func words(_ numbers: [Float]) -> [String] { numbers.map { $0.isNaN ? "nan" : formatted(format, Double($0)) } }
}

/// `x` by one of printf's formats, "%.4f".
func formatted(_ format: String, _ x: Double) -> String {
  var buffer = [CChar](repeating: 0, count: 512)
  let length = withVaList([x]) { vsnprintf(&buffer, buffer.count, format, $0) }
  return String(decoding: buffer.prefix(Int(max(0, min(length, 511)))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
