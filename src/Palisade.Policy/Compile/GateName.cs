using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What a gate is called, found when asked for: what only judges needs no names, and hashing loads a library.
/// </summary>
internal sealed class GateName(GateKey key)
{
    private string? _id, _title;

    /// <summary>ingress-dev-team-3f2a9c017b44: the namespace, if there is one, and a hash.</summary>
    public string Id => _id ??= FindId();

    /// <summary>dev-team: allow-web, deny-all (http/TCP=8080).</summary>
    public string Title => _title ??= FindTitle();

    // Where NetworkPolicies do not isolate, cluster policies alone make the gate, whatever the namespace.
    private string Namespace => key.Isolating.Length == 0 ? "" : key.Isolating[0].Namespace.Name;

    private string FindId()
    {
        var prefix = key.Direction == Direction.Ingress ? "ingress-" : "egress-";
        // 48 bits: the namespace stands in the name, so only policies of one namespace could ever collide, by 2^24
        // tries on purpose.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text())).AsSpan(0, 6));
        return Namespace.Length == 0 ? prefix + hash : $"{prefix}{Namespace}-{hash}";
    }

    private string FindTitle()
    {
        var titles = new List<string>();
        if (key.Isolating.Length > 0)
            titles.Add($"{Namespace}: {string.Join(", ", key.Isolating.Select(slot => slot.Name))}");
        // By name, as in the key: a policy of another priority is still the same gate.
        if (key.Cluster.Length > 0)
            titles.Add($"cluster: {string.Join(", ", key.Cluster.Select(slot => slot.Name))}");
        var ports = key.Named.IsEmpty ? "" : $" ({string.Join(", ", key.Named.Select(Text))})";
        return string.Join("; ", titles) + ports;
    }

    /// <summary>
    /// What makes two gates the same gate, for its id. Separators are characters that no name holds, so two lists
    /// cannot run together.
    /// </summary>
    private string Text()
    {
        var names = key.Isolating.Select(slot => slot.Name);
        List<string> lines = [key.Direction.ToString(), Namespace, .. names, "", .. key.Named.Select(Text)];
        if (key.Cluster.Length > 0)
            lines.AddRange(["", .. key.Cluster.Select(slot => slot.Name)]);
        return string.Join('\n', lines);
    }

    private static string Text(NamedPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Name}/{port.Protocol.Spelling()}={port.Number}");
}
