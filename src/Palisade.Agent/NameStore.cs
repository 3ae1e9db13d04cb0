using Palisade.Dataplane.Dns;

namespace Palisade.Agent;

/// <summary>
/// Keeps what was learned of names in the run directory, so that the next agent knows it: written anew, as a whole, at
/// most once a second, when something was learned, and at the end. What cannot be written or read is said; names are
/// then learned anew.
/// </summary>
internal sealed class NameStore(NameLearner learner, string directory, AgentLog log, TimeProvider time)
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string _path = Path.Combine(directory, "names");
    private bool _said;

    /// <summary>Takes in what an agent before this one knew.</summary>
    public void Load()
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists)
                return;
            var known = file.Length <= NameLearner.LongestSaved
                ? learner.Restore(File.ReadAllText(_path), time.GetUtcNow())
                : null;
            if (known is null)
                log.Warn("names-not-restored", ("path", _path), ("reason", "not a whole file of these resolvers"));
            else
                log.Inform("names-restored", ("addresses", known));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warn("names-not-restored", ("path", _path), ("reason", e.Message));
        }
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            await Task.Delay(Pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (learner.Save(time.GetUtcNow()) is { } text)
                Write(text);
        }
    }

    private void Write(string text)
    {
        try
        {
            Directory.CreateDirectory(directory, Own | UnixFileMode.UserExecute);
            var next = _path + ".new";
            File.Delete(next);
            var create = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = Own,
            };
            using (var writer = new StreamWriter(next, create))
                writer.Write(text);
            File.Move(next, _path, overwrite: true);
            _said = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_said)
                log.Warn("names-not-kept", ("path", _path), ("reason", e.Message), ("way-out", "--run-directory"));
            _said = true;
        }
    }
}
