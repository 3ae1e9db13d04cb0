global using Xunit;

[assembly: Xunit.CaptureConsole]
