namespace Palisade.Lab;

/// <summary>The output of child processes, in files of the data directory that only the owner reads.</summary>
internal static class LogFiles
{
    /// <summary>Opens a log for appending; writers may be many.</summary>
    public static TextWriter Open(string path)
    {
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
    public static async Task PumpAsync(StreamReader from, TextWriter log, Action<string> read)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            read(line);
        }
    }
}
