import Diffusion
import Files
import FoundationEssentials
import Glibc
import Runs
import Tensors

/// Where a training is kept: in the folder that the script names, or by itself in a run's checkpoints, from which a resumed run goes on.
final class FittingKeeper {
  /// What is kept beside the training.
  private struct Notes: Codable {
    /// The call of fit that wrote it has ended.
    var isEnded = false
    /// What that call logged.
    var metrics = ""
  }

  private unowned let session: Session
  private let fitting: DenoiserFitting
  private let folder: String?
  /// The folder is the script's own.
  private let isNamed: Bool
  /// Epochs between two savings; nil: none before the end.
  private let every: Int?
  private let mark: Int
  private var notes = Notes()
  /// The same in a resumed run.
  let name: String

  /// Takes over what is kept already; throws where that is another training.
  init(_ session: Session, _ fitting: DenoiserFitting, folder: String?, every: Int?) throws {
    (self.session, self.fitting, self.every, isNamed) = (session, fitting, every ?? (folder == nil ? nil : 10), folder != nil)
    let count = session.fittings[fitting.fingerprint, default: 0] + 1
    session.fittings[fitting.fingerprint] = count
    let name = "\(fitting.fingerprint.prefix(16))-\(count)"
    self.name = name
    self.folder = folder ?? session.folder.map { "\($0)/checkpoints/fit-\(name)" }
    mark = try session.loggedMetrics()?.size ?? 0
    guard let path = self.folder else { return }
    guard try session.ranks.fromFirst({ access(path, F_OK) == 0 ? "there" : "" }) == "there" else { return }
    let text = try fitting.resume(from: path)
    let found = try JSON.decode(Notes.self, from: Array(text.utf8), source: path)
    let opened = session.fittings[path, default: 0]
    session.fittings[path] = opened + 1
    // A script's own folder may be of another run, and what this process logged is there already.
    if opened == 0, !isNamed || session.run?.manifest.resumed.isEmpty == false { try session.replayMetrics(found.metrics) }
    if !isNamed { notes.isEnded = found.isEnded }
  }

  /// Runs `body` unless it has been run to its end before, and keeps how it ended.
  func keep(_ body: () throws -> Void) throws {
    guard !notes.isEnded else { return try fitting.rest() }
    guard session.folder != nil else {
      do { try body() } catch {
        if isNamed { try save() }
        throw error
      }
      return try save()
    }
    try session.watchStops(true)
    do { try body() } catch {
      if isNamed { try save() }
      try session.watchStops(false)
      throw error
    }
    notes.isEnded = true
    // A disk that is full now is no reason to lose what was learned.
    do { try save() } catch where !isNamed { Progress.standardError("dsrl-lua: this call of policy:fit would be repeated on --resume: \(error)\n") }
    try session.watchStops(false)
  }

  /// Between two gradient steps: saves and ends the run where that was asked for.
  func pause() throws {
    guard session.folder != nil, try session.stopRequest() != nil else { return }
    try save()
    try session.stop()
  }

  /// Saves when it is time to.
  func epochEnds(_ number: Int) throws {
    if let every, number % every == 0 { try save() }
  }

  private func save() throws {
    guard let folder else { return }
    if let run = session.run, !isNamed { try FileManager.default.createDirectory(atPath: run.checkpoints, withIntermediateDirectories: true) }
    notes.metrics = try session.loggedMetrics()?.lines(from: mark) ?? ""
    session.fittings[folder, default: 0] += 1
    try session.ranks.onFirst { try fitting.save(to: folder, notes: JSON.encode(notes)) }
  }
}
