using Palisade.Kubernetes.Convert;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>
/// The files behind -f arguments: a file as it is, a directory's .yaml, .yml and .json files below it in order, - for
/// standard input.
/// </summary>
internal static class ManifestSource
{
    /// <summary>The text of each file with the name its places get; what cannot be read is a diagnostic.</summary>
    public static IEnumerable<(string File, byte[] Text)> Read(
        IEnumerable<string> paths,
        Stream? standardInput,
        ICollection<Diagnostic> diagnostics)
    {
        foreach (var path in paths)
        {
            if (path == "-")
            {
                yield return ("<stdin>", ReadAll(standardInput ?? Console.OpenStandardInput()));
                continue;
            }

            foreach (var file in Files(path, diagnostics))
            {
                if (Load(file, diagnostics) is { } text)
                    yield return (file, text);
            }
        }
    }

    private static string[] Files(string path, ICollection<Diagnostic> diagnostics)
    {
        if (!Directory.Exists(path))
            return [path];
        try
        {
            var found = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json")
                .Order(StringComparer.Ordinal)
                .ToArray();
            if (found.Length == 0)
                diagnostics.Add(Finding.NoManifests(path));
            return found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.Add(Finding.Unreadable(path, e.Message));
            return [];
        }
    }

    private static byte[]? Load(string file, ICollection<Diagnostic> diagnostics)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e
            is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Finding.Unreadable(file, e is FileNotFoundException or DirectoryNotFoundException
                ? "no such file" : e.Message));
            return null;
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
