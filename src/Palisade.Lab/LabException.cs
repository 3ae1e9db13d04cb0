namespace Palisade.Lab;

/// <summary>The lab cannot do what was asked; the message says why and what to do.</summary>
public sealed class LabException : Exception
{
    /// <summary>With a message for the user.</summary>
    public LabException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
