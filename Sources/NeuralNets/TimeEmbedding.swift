import Glibc
import Tensors

/// [sin(t f), cos(t f)] with f_k = exp(-k ln(10000) / (size/2 - 1)) (Vaswani et al. 2017, as DPPO writes it).
public struct SinusoidalEmbedding: Sendable {
  public let size: Int
  private let frequencies: [Float]

  /// Throws unless `size` is even and at least 4.
  public init(_ size: Int) throws {
    guard size >= 4, size % 2 == 0 else { throw UsageError("a time embedding wants an even size of at least 4, got \(size)") }
    self.size = size
    let rate = log(10000.0) / Double(size / 2 - 1)
    frequencies = (0..<size / 2).map { expf(Float($0) * Float(-rate)) }
  }

  /// [n] -> [n, size]
  public func callAsFunction(_ t: Tensor) throws -> Tensor {
    guard t.rank == 1 else { throw UsageError("a time embedding wants times of shape [n], got \(t.shape)") }
    let half = size / 2
    let times = t.values
    return Tensor.filled([times.count, size]) { result in
      for (row, time) in times.enumerated() {
        for (k, frequency) in frequencies.enumerated() {
          result[row * size + k] = sinf(time * frequency)
          result[row * size + half + k] = cosf(time * frequency)
        }
      }
    }
  }
}

/// What the denoiser hears of the time: sinusoid -> Linear(size, k size) -> Mish -> Linear(k size, size); always Mish.
public final class TimeEmbedding: Layer {
  public let sinusoid: SinusoidalEmbedding
  public let first: Linear
  public let second: Linear

  public var size: Int { sinusoid.size }
  /// Numbered as in DPPO's nn.Sequential.
  public var namedParameters: [NamedTensor] { first.named("1") + second.named("3") }

  /// `expansion` is k: 2 in DPPO's MLPs, 4 in the U-Nets.
  public init(_ size: Int, expansion: Int = 2, using stream: inout RandomStream) throws {
    sinusoid = try SinusoidalEmbedding(size)
    first = try Linear(size, expansion * size, using: &stream)
    second = try Linear(expansion * size, size, using: &stream)
  }

  /// [n] -> [n, size]
  public func callAsFunction(_ t: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "TimeEmbedding"); defer { span.end() }
    let hidden = try first(sinusoid(t)).mish()
    return try second(hidden)
  }
}
