namespace Palisade.Kubernetes.Cel;

/// <summary>The names that stand for types.</summary>
internal static class CelTypes
{
    private static readonly HashSet<string> _named =
        ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

    public static CelType? Named(string name) => _named.Contains(name) ? new(name) : null;
}
