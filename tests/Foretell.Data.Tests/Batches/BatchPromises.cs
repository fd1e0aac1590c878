namespace Foretell.Data.Tests;

/// <summary>What every packed batch promises whoever reads it.</summary>
internal static class BatchPromises
{
    public static void Check(Batch batch, TokenSplit split, bool startWithEndOfText)
    {
        int size = batch.Rows * batch.ContextLength;
        Assert.Equal([size, size, size, size], new[] { batch.Tokens.Length, batch.Targets.Length, batch.Weights.Length, batch.Positions.Length });
        string[] documents = DataFixture.Texts(split);
        int next = 0;
        foreach (Segment segment in batch.Segments)
        {
            Assert.Equal(next, segment.Start);
            Assert.InRange(segment.Length, 1, batch.ContextLength);
            Assert.Equal(segment.Start / batch.ContextLength, (segment.Start + segment.Length - 1) / batch.ContextLength);
            next += segment.Length;
            Assert.Equal(Enumerable.Range(0, segment.Length), batch.Positions[segment.Start..next]);
            string inputs = DataFixture.Text(split, batch.Tokens[segment.Start..next]);
            string targets = DataFixture.Text(split, batch.Targets[segment.Start..next].Where((_, index) => batch.Weights[segment.Start + index] > 0));
            if (startWithEndOfText)
            {
                Assert.Equal(segment.Length, targets.Length);
                Assert.Contains(documents, document => ("|" + document).Contains(inputs + targets[^1], StringComparison.Ordinal));
            }
            else
            {
                // Only a document's last token is without a target.
                Assert.Equal(inputs.EndsWith('|') ? segment.Length - 1 : segment.Length, targets.Length);
                Assert.Contains(documents, document => document.Contains(inputs[..1] + targets, StringComparison.Ordinal));
            }
            Assert.Equal(inputs[1..], targets[..(segment.Length - 1)]);
        }
        Assert.Equal(size, next);
    }
}
