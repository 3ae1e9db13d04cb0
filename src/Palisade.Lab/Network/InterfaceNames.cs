using System.Security.Cryptography;
using System.Text;

namespace Palisade.Lab.Network;

/// <summary>
/// Names of the node's ends of pod links: a piece of the pod's name that people recognise, and a hash that tells equals
/// apart.
/// </summary>
public static class InterfaceNames
{
    // IFNAMSIZ is 16 with the NUL (linux/if.h): ten characters of the name, a dash, four of the hash.
    private const int NameLength = 10;

    /// <summary>
    /// For dev-team/frontend: frontend-3f2a. <paramref name="attempt"/> gives another hash when a name is taken.
    /// </summary>
    public static string For(string podNamespace, string pod, int attempt = 0)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{podNamespace}/{pod}/{attempt}"));
        // A pod's name is lower-case letters, digits, '-' and '.'; a dot would split the interface's sysctl paths.
        var stem = pod.Replace('.', '-')[..Math.Min(pod.Length, NameLength)].TrimEnd('-');
        return $"{stem}-{Convert.ToHexStringLower(hash.AsSpan(0, 2))}";
    }
}
