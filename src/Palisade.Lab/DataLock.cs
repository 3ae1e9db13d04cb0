namespace Palisade.Lab;

/// <summary>
/// The data directory, held by one `up` at a time: an exclusive flock, which the kernel drops when the holder dies.
/// </summary>
internal sealed class DataLock : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _file;

    private DataLock(string directory, FileStream file)
    {
        Directory = directory;
        _file = file;
    }

    /// <summary>The directory's full path.</summary>
    public string Directory { get; }

    /// <summary>Makes the directory where needed, and takes it.</summary>
    public static DataLock Take(string directory)
    {
        directory = Path.GetFullPath(directory);
        try
        {
            foreach (var made in (string[])[directory, Path.Combine(directory, "run"), Path.Combine(directory, "log")])
                System.IO.Directory.CreateDirectory(made, OwnerOnly | UnixFileMode.UserExecute);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"{directory} cannot be used: {refusal.Message}; name another with --data", refusal);
        }

        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            };
            return new DataLock(directory, new FileStream(Path.Combine(directory, "run", "up.lock"), options));
        }
        catch (IOException refusal)
        {
            throw new LabException(
                $"another `palisade up` runs on {directory}: stop that one, or give this one its own directory with"
                + " --data DIR",
                refusal);
        }
    }

    /// <summary>
    /// Writes a file below the directory that only the owner reads, whole or not at all; answers its path.
    /// </summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        var options =
            new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var writer = new StreamWriter(path + ".new", options))
            writer.Write(text);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
