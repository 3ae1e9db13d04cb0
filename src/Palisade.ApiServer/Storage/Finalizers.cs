namespace Palisade.ApiServer.Storage;

/// <summary>The finalizers by which an owner waits for those it owns (metav1).</summary>
internal static class Finalizers
{
    /// <summary>They go first.</summary>
    public const string Foreground = "foregroundDeletion";

    /// <summary>They are let go of first, and stay.</summary>
    public const string Orphan = "orphan";
}
