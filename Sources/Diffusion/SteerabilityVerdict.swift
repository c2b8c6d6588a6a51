import Glibc

extension Steerability {
  public enum Worth: String, Sendable {
    case steerable
    case weak = "weakly steerable"
    case not = "not steerable"
  }

  /// Below these the noise decides too little: spread in [-1, 1], and share of the variance.
  public static let leastSpread = (not: 0.01, weak: 0.03)
  public static let leastShare = (not: 0.05, weak: 0.2)

  public var worth: Worth {
    let share = noiseShare ?? 1
    if spread < Steerability.leastSpread.not || share < Steerability.leastShare.not { return .not }
    return spread < Steerability.leastSpread.weak || share < Steerability.leastShare.weak ? .weak : .steerable
  }

  /// What the numbers mean for steering, in a paragraph.
  public var verdict: String {
    func percent(_ x: Double) -> String { "\(Int((100 * x).rounded())) %" }
    func short(_ x: Double) -> String {
      let scale = pow(10, 2 - (x == 0 ? 0 : log10(abs(x)).rounded(.down)))
      return "\((x * scale).rounded() / scale)"
    }
    let moves = "the noise moves an action by \(short(spread)) of [-1, 1]" + (noiseShare.map { " and explains \(percent($0)) of the actions' variance" } ?? "")
    let judgement =
      switch worth {
      case .not: "Not steerable: \(moves), so there is next to nothing to choose from."
      case .weak: "Weakly steerable: \(moves); the observation decides most, or little is decided at all."
      case .steerable: "Steerable: \(moves)."
      }
    var sentences = [judgement]
    if worth != .not {
      sentences.append("It does so in about \(short(effectiveRank)) of \(min(latentSize, chunkSize)) directions.")
      if let tiedSpread, spread > 0 {
        let kept = tiedSpread / spread
        sentences.append("One action's noise repeated along the chunk moves it \(kept < 0.5 ? "much less (\(percent(kept)) as far): give every step its own noise" : "\(percent(kept)) as far, with fewer numbers to choose").")
      }
      if let safeNorm {
        let end = safeNorm >= Steerability.norms[Steerability.norms.count - 1] ? "at least \(short(safeNorm))" : "about \(short(safeNorm))"
        sentences.append("Actions stay among those of standard normal noise up to a norm of \(short(safeNorm)) √latent, so action_magnitude may be \(end).")
      } else {
        sentences.append("Even noise of the usual norm leads away from the actions of the others: more samples would tell whether they are too few.")
      }
    }
    if saturation > 0.2 { sentences.append("\(percent(saturation)) of the actions lie at ±1, where the noise is lost in the clipping.") }
    if let startSignal, startSignal > 0.2 {
      sentences.append("The sampler starts where \(percent(startSignal)) of the signal's amplitude should be left, which it takes from the noise: other spacings start lower.")
    }
    if let coverage, let first = coverage.first, let last = coverage.last {
      sentences.append("The expert's actions are \(short(first.distance)) from one sample and \(short(last.distance)) from the best of \(last.samples)\(last.distance > spread ? ": they may lie outside of what the policy can do" : "").")
    }
    return sentences.joined(separator: " ")
  }
}
