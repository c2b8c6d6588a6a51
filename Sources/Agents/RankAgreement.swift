/// How far two judges order the same things alike.
public enum RankAgreement {
  /// Spearman's ρ: the correlation of the ranks, equal values sharing the mean of theirs. nil where one of them finds all equal.
  public static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count)
    let (x, y) = (ranks(a), ranks(b))
    let middle = Double(a.count + 1) / 2
    func sum(_ p: [Double], _ q: [Double]) -> Double { zip(p, q).reduce(0) { $0 + ($1.0 - middle) * ($1.1 - middle) } }
    let scale = sum(x, x) * sum(y, y)
    return scale > 0 ? sum(x, y) / scale.squareRoot() : nil
  }

  /// The share of the pairs that the first judge tells apart which the second orders alike; half of those that the second does not tell apart.
  /// nil where the first tells none apart.
  public static func pairs(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count)
    var (alike, all) = (0.0, 0.0)
    for i in a.indices {
      for j in 0..<i where a[i] != a[j] {
        all += 1
        alike += b[i] == b[j] ? 0.5 : (a[i] > a[j]) == (b[i] > b[j]) ? 1 : 0
      }
    }
    return all > 0 ? alike / all : nil
  }

  /// What is lost, by the first judge's values, by taking what the second holds for best, as a share of the first's range. nil where the first
  /// finds all equal.
  public static func regret(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count)
    guard let high = a.max(), let low = a.min(), high > low, let chosen = b.indices.max(by: { b[$0] < b[$1] }) else { return nil }
    return (high - a[chosen]) / (high - low)
  }

  /// From 1, equal values sharing the mean of theirs.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var result = Array(repeating: 0.0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { result[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return result
  }
}
