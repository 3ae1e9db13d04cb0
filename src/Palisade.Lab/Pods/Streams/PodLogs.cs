namespace Palisade.Lab.Pods.Streams;

/// <summary>Where pods' logs are: pods/NAMESPACE/NAME/UID/CONTAINER.log below the lab's log directory.</summary>
internal sealed class PodLogs(string logDirectory)
{
    private readonly string _root = Path.Combine(logDirectory, "pods");

    /// <summary>The directory of a pod.</summary>
    public string DirectoryOf(string ns, string name, string uid) => Path.Combine(_root, ns, name, uid);

    /// <summary>Deletes the logs of a pod that is deleted.</summary>
    public void Remove(PodObject pod) => Remove(DirectoryOf(pod.Namespace, pod.Name, pod.Uid));

    /// <summary>Deletes the logs of all other pods: they were deleted while nobody looked.</summary>
    public void RemoveAllBut(IEnumerable<PodObject> pods)
    {
        if (!Directory.Exists(_root))
            return;
        var kept = pods.Select(pod => DirectoryOf(pod.Namespace, pod.Name, pod.Uid)).ToHashSet();
        var all = Directory.GetDirectories(_root)
            .SelectMany(Directory.GetDirectories).SelectMany(Directory.GetDirectories);
        foreach (var stale in all.Where(directory => !kept.Contains(directory)))
            Remove(stale);
    }

    private void Remove(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
            // The pod's name and namespace, while nothing else is in them.
            for (var above = Path.GetDirectoryName(directory)!; above != _root && IsEmpty(above);
                above = Path.GetDirectoryName(above)!)
                Directory.Delete(above);
        }
        catch (IOException)
        {
            // Another pod of the name has begun meanwhile; what is left goes with it, or at the next start.
        }
    }

    private static bool IsEmpty(string directory) =>
        Directory.Exists(directory) && !Directory.EnumerateFileSystemEntries(directory).Any();
}
