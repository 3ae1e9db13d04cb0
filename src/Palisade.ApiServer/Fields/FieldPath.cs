namespace Palisade.ApiServer.Fields;

/// <summary>Where a walk through an object is.</summary>
internal sealed class FieldPath
{
    private readonly List<FieldStep> _steps = [];

    public ReadOnlySpan<FieldStep> Steps => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_steps);

    public void Enter(FieldStep step) => _steps.Add(step);

    public void Leave() => _steps.RemoveAt(_steps.Count - 1);

    /// <summary>.spec.containers[name="web"].image</summary>
    public override string ToString() => string.Concat(_steps);
}
