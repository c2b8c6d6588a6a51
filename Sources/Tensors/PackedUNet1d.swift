/// A frozen U-Net over the actions of a chunk with FiLM in every block (Chi et al. 2023), packed. What FiLM hears of the time is there before,
/// what it hears of the observation is computed once per chain; places of a row keep their channels beside each other.
public final class PackedUNet1d: PackedNetwork {
  /// A convolution that keeps the length, and its norm.
  public struct Part: Sendable {
    let convolution: PackedConvolution
    let norm: PackedGroupNorm
    /// `weight` [filters, channels, kernel] with an odd kernel; throws for shapes that do not fit.
    public init(weight: Tensor, bias: Tensor?, norm: PackedGroupNorm) throws {
      guard weight.rank == 3, weight.shape[2] % 2 == 1, weight.shape[0] == norm.channels else {
        throw UsageError("wanted a weight of shape [\(norm.channels), channels, odd kernel], got \(weight.shape)")
      }
      convolution = try PackedConvolution(weight: weight, bias: bias, padding: weight.shape[2] / 2)
      (self.norm, margin) = (norm, weight.shape[2] / 2)
    }
    let margin: Int
  }
  /// Two parts with FiLM between them; the input, or a convolution of it, is added at the end.
  public struct Block: Sendable {
    let first: Part
    let second: Part
    let residual: PackedConvolution?
    let predictsScale: Bool
    /// `residual` is nil where the channels stay.
    public init(first: Part, second: Part, residual: PackedConvolution?, predictsScale: Bool) {
      (self.first, self.second, self.residual, self.predictsScale) = (first, second, residual, predictsScale)
    }
    /// Numbers of FiLM.
    var filmSize: Int { (predictsScale ? 2 : 1) * first.convolution.filters }
  }
  public enum Resize: Sendable {
    case none
    case half(PackedConvolution)
    case double(even: PackedConvolution, odd: PackedConvolution)
    /// A convolution of kernel 3, stride 2 and padding 1: `weight` [filters, channels, 3].
    public static func halving(weight: Tensor, bias: Tensor?) throws -> Resize {
      .half(try PackedConvolution(weight: weight, bias: bias, stride: 2, padding: 1))
    }
    /// A transposed convolution of kernel 4, stride 2 and padding 1: `weight` [channels, filters, 4].
    public static func doubling(weight: Tensor, bias: Tensor?) throws -> Resize {
      let (even, odd) = try PackedConvolution.doubling(weight: weight, bias: bias)
      return .double(even: even, odd: odd)
    }
  }
  public struct Level: Sendable {
    let first: Block
    let second: Block
    let resize: Resize
    public init(first: Block, second: Block, resize: Resize) { (self.first, self.second, self.resize) = (first, second, resize) }
  }

  public let size: Int
  public let observationSize: Int
  public let times: Int
  public let pool = PackedPool()
  let horizon: Int
  let actionSize: Int
  let down: [Level]
  let middle: Level
  let up: [Level]
  let end: Part
  let head: PackedConvolution
  /// What the blocks' FiLM hears of mish(observation), one block after the other in the order they are run.
  let film: PanelLayer
  /// [times, numbers of FiLM]: the same of the time, with the bias.
  let timeFilm: PackedBuffer

  /// `film` [numbers of FiLM, observation] and `timeFilm` [times, numbers of FiLM] are those of all blocks in the order they are run.
  /// Throws for shapes that do not fit.
  public init(
    horizon: Int, actionSize: Int, down: [Level], middle: Level, up: [Level], end: Part, head: PackedConvolution, film: Tensor, timeFilm: Tensor
  ) throws {
    let blocks = (down + [middle] + up).flatMap { [$0.first, $0.second] }
    let width = blocks.reduce(0) { $0 + $1.filmSize }
    guard film.rank == 2, film.shape[0] == width, timeFilm.rank == 2, timeFilm.shape[1] == width, timeFilm.shape[0] > 0 else {
      throw UsageError("wanted FiLM of [\(width), observation] and [times, \(width)], got \(film.shape) and \(timeFilm.shape)")
    }
    (self.horizon, self.actionSize, size) = (horizon, actionSize, horizon * actionSize)
    (observationSize, times) = (film.shape[1], timeFilm.shape[0])
    (self.down, self.middle, self.up, self.end, self.head) = (down, middle, up, end, head)
    self.film = try PanelLayer(weight: film, bias: nil)
    self.timeFilm = PackedBuffer(bytes: timeFilm.count * 4)
    timeFilm.withPointer { self.timeFilm.floats.update(from: $0, count: timeFilm.count) }
  }

  public static func blocks(of rows: Int) -> [(rows: Range<Int>, capacity: Int)] { cutSamples(rows, most: 48) }

  public func evaluation(rows: Int) throws -> any PackedEvaluation { UNetEvaluation(self, rows: rows) }
}
