using Palisade.Kubernetes.Convert;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>
/// The files behind -f arguments: a file as it is, a directory's .yaml, .yml and .json files below it in order, - for
/// standard input. Links to files are followed, links to directories below the one named are not (as kubectl -R).
/// </summary>
internal static class ManifestSource
{
    // More than any real set of manifests; it keeps a wrong path (a device, a disk image) from filling the memory.
    private const int MaxBytes = 512 * 1024 * 1024;

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
                if (ReadAll("<stdin>", standardInput ?? Console.OpenStandardInput(), diagnostics) is { } typed)
                    yield return ("<stdin>", typed);
                continue;
            }

            foreach (var file in Files(path, diagnostics))
            {
                if (Load(file, diagnostics) is { } text)
                    yield return (file, text);
            }
        }
    }

    private static IEnumerable<string> Files(string path, ICollection<Diagnostic> diagnostics)
    {
        if (!Directory.Exists(path))
            return [path];
        var before = diagnostics.Count;
        var found = new List<string>();
        Walk(path, found, diagnostics);
        if (found.Count == 0 && diagnostics.Count == before)
            diagnostics.Add(Finding.NoManifests(path));
        return found.Order(StringComparer.Ordinal);
    }

    // One directory that cannot be listed does not hide the others.
    private static void Walk(string directory, List<string> found, ICollection<Diagnostic> diagnostics)
    {
        string[] inner;
        try
        {
            found.AddRange(Directory.EnumerateFiles(directory)
                .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json"));
            inner = Directory.GetDirectories(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.Add(Finding.Unreadable(directory, e.Message));
            return;
        }

        foreach (var below in inner.Where(below => new DirectoryInfo(below).LinkTarget is null))
            Walk(below, found, diagnostics);
    }

    private static byte[]? Load(string file, ICollection<Diagnostic> diagnostics)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return ReadAll(file, stream, diagnostics);
        }
        catch (Exception e) when (e
            is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Finding.Unreadable(
                file, e is FileNotFoundException or DirectoryNotFoundException || file.Length == 0
                    ? "no such file" : e.Message));
            return null;
        }
    }

    private static byte[]? ReadAll(string file, Stream stream, ICollection<Diagnostic> diagnostics)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            memory.Write(buffer, 0, read);
            if (memory.Length <= MaxBytes)
                continue;
            diagnostics.Add(Finding.Unreadable(file, $"more than {MaxBytes >> 20} MiB"));
            return null;
        }

        return memory.ToArray();
    }
}
