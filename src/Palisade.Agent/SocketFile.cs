using System.Net.Sockets;

namespace Palisade.Agent;

/// <summary>A unix socket of mode 0600 in a directory of mode 0700.</summary>
internal static class SocketFile
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>
    /// Listens at a path. An agent that was killed leaves its socket; one that lives answers, and keeps it. Nobody can
    /// connect before Listen, so that the mode is set in time whatever the directory's.
    /// </summary>
    /// <exception cref="IOException">Another agent has it, or it cannot be made.</exception>
    public static void Listen(Socket listener, string path, int backlog)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory))
            Directory.CreateDirectory(directory, Own | UnixFileMode.UserExecute);
        if (File.Exists(path))
        {
            using var other = New();
            if (IsAnswered(other, path))
                throw new IOException("another agent has it");
            File.Delete(path);
        }

        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, Own);
        listener.Listen(backlog);
    }

    private static bool IsAnswered(Socket socket, string path)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
