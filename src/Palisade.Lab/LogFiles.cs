namespace Palisade.Lab;

/// <summary>The output of child processes, in files of the data directory that only the owner reads.</summary>
internal static class LogFiles
{
    // Two files of this size for each agent and container at most, and what one run adds.
    private const long LargestBeforeRun = 16 << 20;

    /// <summary>Opens a log for appending; a large one is put aside first (NAME.old).</summary>
    public static TextWriter Open(string path)
    {
        if (File.Exists(path) && new FileInfo(path).Length > LargestBeforeRun)
            File.Move(path, path + ".old", overwrite: true);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        return TextWriter.Synchronized(new StreamWriter(path, options) { AutoFlush = true });
    }

    /// <summary>Copies lines until the writer is gone.</summary>
    /// <param name="from">The child's output.</param>
    /// <param name="log">Gets the lines that are not for <paramref name="take"/>.</param>
    /// <param name="take">Takes a line that is meant for this program: true; false leaves it to the log.</param>
    public static async Task PumpAsync(StreamReader from, TextWriter log, Func<string, bool> take)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            if (!take(line))
                await log.WriteLineAsync(line);
        }
    }
}
