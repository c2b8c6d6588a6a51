import Tensors

/// A row of bars, ▁ for the smallest to █ for the largest.
public enum Sparkline {
  private static let bars = Array("▁▂▃▄▅▆▇█")

  /// One bar for a value in order, or for the mean of neighbours where there are more than `width`; a space where none is finite.
  public static func text(_ values: [Double], width: Int) -> String {
    precondition(width > 0)
    let count = min(values.count, width)
    let means = (0..<count).map { i -> Double? in
      let part = values[i * values.count / count..<(i + 1) * values.count / count].filter(\.isFinite)
      return part.isEmpty ? nil : part.reduce(0, +) / Double(part.count)
    }
    let known = means.compactMap { $0 }
    guard let low = known.min(), let high = known.max() else { return String(repeating: " ", count: count) }
    return String(means.map { mean in
      guard let mean else { return " " }
      let share = (mean - low) / (high - low)
      return share.isFinite ? bars[min(Int(share * 8), 7)] : bars[3]
    })
  }
}
