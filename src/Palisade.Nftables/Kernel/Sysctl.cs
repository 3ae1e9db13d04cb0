using System.Text;

namespace Palisade.Nftables.Kernel;

/// <summary>Kernel settings below /proc/sys. For net.* the namespace of the calling thread answers.</summary>
public static class Sysctl
{
    /// <summary>
    /// Writes a value. The name is "net.ipv4.ip_forward" or, where a part has dots,
    /// "net/ipv4/conf/eth0.5/forwarding".
    /// </summary>
    /// <exception cref="KernelException">The kernel refused it or the name does not exist.</exception>
    public static void Write(string name, string value)
    {
        var path = PathOf(name);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(Encoding.ASCII.GetBytes(value));
        }
        catch (UnauthorizedAccessException)
        {
            throw new KernelException($"write {value} to {path}", Errno.EACCES);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KernelException($"write {value} to {path}", Errno.ENOENT);
        }
    }

    /// <summary>Reads a value, without the line end.</summary>
    public static string Read(string name) => File.ReadAllText(PathOf(name)).TrimEnd();

    private static string PathOf(string name) =>
        "/proc/sys/" + (name.Contains('/') ? name : name.Replace('.', '/'));
}
