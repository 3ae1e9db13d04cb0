using System.Globalization;
using System.Security.Cryptography;

namespace Palisade.ApiServer.Hosting;

/// <summary>
/// The files of one server: lock, ca.crt, ca.key, token, accounts.key, port, objects.db, audit.log. Made 0700, files
/// 0600; held by one server at a time (an exclusive flock on the lock file, so a killed server leaves nothing to clean
/// up).
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    public string Path { get; }

    public string DatabaseFile => File("objects.db");

    public string AuditFile => File("audit.log");

    public static DataDirectory Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            };
            return new DataDirectory(path, new FileStream(System.IO.Path.Combine(path, "lock"), options));
        }
        catch (IOException e)
        {
            throw new IOException(
                $"{path} is in use by another server, or cannot be locked: " +
                "stop that server or use another data directory",
                e);
        }
    }

    /// <summary>A secret of that name: 256 random bits in hexadecimal, made once.</summary>
    public string Secret(string name)
    {
        if (Read(name) is { Length: >= 32 } kept)
            return kept;
        var secret = RandomNumberGenerator.GetHexString(64, lowercase: true);
        Write(name, secret);
        return secret;
    }

    /// <summary>The port kept from an earlier start, or 0.</summary>
    public int KeptPort() =>
        int.TryParse(Read("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? port
            : 0;

    /// <summary>Keeps the port; what is kept already is not written, so that a full disk stops no start.</summary>
    public void KeepPort(int port)
    {
        if (port != KeptPort())
            Write("port", port.ToString(CultureInfo.InvariantCulture));
    }

    public string? Read(string name)
    {
        try
        {
            return System.IO.File.ReadAllText(File(name)).Trim();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Writes a file beside, then renames it: a crash leaves the old text or the new, never half of it.
    /// </summary>
    public void Write(string name, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var writer = new StreamWriter(File(name + ".new"), options))
            writer.Write(text + "\n");
        System.IO.File.Move(File(name + ".new"), File(name), overwrite: true);
    }

    public void Dispose() => _lock.Dispose();

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
