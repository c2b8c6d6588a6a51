import Environments
import LuaBridge
import Tensors

/// What stands for an object where it has one line only: inside a printed table, in a list of variables.
public protocol Brief {
  var brief: String { get }
}

/// What is drawn rather than described.
public protocol Drawable {
  /// In characters, at most this many columns and rows.
  func drawn(width: Int, height: Int) throws -> String
}

extension Tensor: Brief {
  /// With its numbers where they are few.
  public var brief: String {
    let header = "tensor f32 [\(shape.map(String.init).joined(separator: ", "))]"
    guard count <= 6, rank <= 1 else { return header }
    do {
      let words = try TensorPrinting(self).text().split(separator: "\n").dropFirst().joined(separator: " ").split(separator: " ")
      return "\(header) (\(words.joined(separator: ", ")))"
    } catch { return header }
  }
}

extension EnvironmentObject: Brief {
  var brief: String { "Environment \(recipe.id)" + (count.map { " x \($0)" } ?? "") }
}

extension PolicyObject: Brief {
  var brief: String { "Policy, observation \(policy.observationSize) to \(policy.horizon) x \(policy.actionSize) actions" }
}

extension AgentObject: Brief {
  var brief: String { "Agent \(agent.kind) in \(environment.recipe.id), \(agent.counts.environmentSteps) environment steps" }
}

extension DataObject: Brief {
  var brief: String { "DataSet, \(data.count) steps in \(data.episodes.count) episodes" }
}

extension Picture: Brief {
  var brief: String { "Figure" + (figure.title.isEmpty ? "" : " '\(figure.title)'") }
}
